"""Every codec of Python as the declared encoding of a file, in every command."""

from __future__ import annotations

import json
import subprocess
import sys
from encodings.aliases import aliases
from pathlib import Path

import pytest

from tests.cli.process import torchdet
from torchdet.model.source import DecodeError, SourceText

CODECS = sorted(
    {*aliases.values()}
    | {"idna", "mbcs", "oem", "palmos", "punycode", "raw_unicode_escape", "undefined"}
    | {"unicode_escape", "utf_8_sig", "utf-8-unix", "latin-1-dos", "cp65001", "string_escape"}
    | {"aliases", "__init__", "no_such_codec", "-", "_", "a" * 100}
)
BODIES = {
    "plain": b"x = 1",
    "high": b"x = '\xe9\xff\x80'",
    "escapes": b"x = '+AGE-' '\\u00e9' '\\xe9' '\\d' '\\N{BULLET}' # xn--a ~{ ~}",
    "shifts": b"x = 1  # \x1b$B\x1b(B \x0e\x0f",
}


def encoded(codec: str, body: bytes) -> bytes:
    head = f"# -*- coding: {codec} -*-\nimport torch\ntorch.cuda.synchronize()\n"
    return head.encode() + body + b"\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A file of each kind in each encoding, and one that is as it should be."""
    for codec in CODECS:
        for kind, body in BODIES.items():
            (tmp_path / f"{codec}-{kind}.py").write_bytes(encoded(codec, body))
    (tmp_path / "sound.py").write_text("import torch\ntorch.cuda.synchronize()\n")
    return tmp_path


COMMON = ("--isolated", "--no-cache", "--jobs", "1", "--select", "DET1,DET3,DET9")


def untouched(data: bytes) -> bytes:
    """The row behind the code that the commands change, or write a comment behind."""
    return data.partition(b"x = ")[2]


def mentions_torch(data: bytes) -> bool:
    """Whether the text, as its encoding has it, is about torch; for UTF-16 it is noise."""
    try:
        return "torch" in SourceText.decode(data).text
    except DecodeError:
        return True


def test_lint(project: Path) -> None:
    done = torchdet("lint", *COMMON, "--output-format", "json", str(project))
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert not [each for each in found if "internal error" in each["message"]]
    said = {Path(each["filename"]).name for each in found}
    assert said == {path.name for path in project.glob("*.py")}


@pytest.mark.parametrize("options", [("fix",), ("fix", "--migrate"), ("lint", "--add-noqa")])
def test_commands_that_write(project: Path, options: tuple[str, ...]) -> None:
    before = {path: path.read_bytes() for path in project.glob("*.py")}
    account = project / "account.json"
    more = ("--allow-dirty",) if options[0] == "fix" else ()
    more += ("--report", str(account)) if "--migrate" in options else ()
    done = torchdet(*options, *COMMON, *more, str(project))
    said = done.stderr + done.stdout + (account.read_text() if account.exists() else "")
    assert done.returncode == 2
    assert "internal error" not in said
    assert "Traceback" not in done.stderr
    changed = {path for path, data in before.items() if path.read_bytes() != data}
    assert project / "sound.py" in changed
    for path in changed:
        SourceText.decode(path.read_bytes())
        assert untouched(path.read_bytes()) == untouched(before[path]), path.name
    for path in before.keys() - changed:
        assert path.name in said or not mentions_torch(before[path]), path.name


def test_a_codec_with_several_spellings_is_no_reason_to_rewrite_a_file(project: Path) -> None:
    path = project / "utf_7-escapes.py"
    before = path.read_bytes()
    done = torchdet("fix", *COMMON, "--allow-dirty", str(path))
    assert done.returncode == 1
    assert "several spellings" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize("codec", ["idna", "punycode", "rot13", "undefined", "utf-7", "hex"])
def test_standard_input(codec: str) -> None:
    for command in ("lint", "fix"):
        for body in BODIES.values():
            done = subprocess.run(
                [sys.executable, "-m", "torchdet", command, "-", "--isolated"],
                input=encoded(codec, body),
                capture_output=True,
                check=False,
            )
            assert done.returncode in {0, 1, 2}
            assert b"Traceback" not in done.stderr
            assert b"internal error" not in done.stdout + done.stderr


@pytest.mark.parametrize("codec", sorted({*CODECS, *aliases}))
def test_decoding_raises_nothing_else(codec: str) -> None:
    for body in BODIES.values():
        data = f"# -*- coding: {codec} -*-\n".encode() + body
        try:
            source = SourceText.decode(data)
        except DecodeError:
            continue
        assert source.encoding
