"""Runs torchdet's commands on one input of the fuzzer, and says what went wrong."""

from __future__ import annotations

import ast
import gc
import io
import json
import os
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz_inputs import Input

from torchdet.cli._run import run as torchdet  # of sys.argv
from torchdet.facts.handle_names import RUNTIME_MODULE

_EXITS = {0, 1, 2}
_INTERNAL = re.compile(r"internal error: (\w+): .*?(\([\w.]+:\d+\))|please report it")
_FORMATS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "html")
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (),
    ("--facade",),
    ("--typed", "always"),
    ("--typed", "never"),
    ("--imports", "keep"),
    ("--to", "accelerator"),
    ("--inject", "parameters"),
)
_MADE_BY_MIGRATION = frozenset({f"{RUNTIME_MODULE}.py".encode(), b"_accelerator.py"})


_CHANGED_BY_FIXES = (b".py", b".pyi", b".ipynb", b".md", b".rst")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a command did that no input may cause; equal ``key``s have the same cause."""

    command: tuple[str, ...]
    key: str
    output: str


def check(given: Input, seed: int, number: int) -> list[Fault]:
    """Lint, fix and migrate ``given``; the three see the same files."""
    random = Random(f"commands:{seed}:{number}")
    rules = random.choice([(), ("--select", "DET")])
    form = ("--output-format", random.choice(_FORMATS))
    unsafe = random.choice([(), ("--unsafe-fixes",)])
    how = random.choice(_MIGRATIONS)
    common = ("--no-cache", "--jobs", "1", *rules, ".")
    faults = [
        *_run(given, ("lint", *form, "--include-docs", *common)),
        *_run(given, ("fix", "--allow-dirty", "--include-docs", *unsafe, *common)),
        *_run(given, ("fix", "--allow-dirty", "--migrate", *how, *unsafe, *common)),
    ]
    gc.enable()  # the command line turns it off, as its processes end soon
    return faults


def _run(given: Input, command: tuple[str, ...]) -> Iterator[Fault]:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        write(given, Path(name))
        os.chdir(name)
        sys.argv = ["torchdet", *command]
        code, output = _captured(torchdet)
        found = _INTERNAL.search(output)
        if code is None:
            yield Fault(command, _last_place(output), output)
        elif code not in _EXITS:
            yield Fault(command, f"exit code {code}", output)
        elif found is not None:
            yield Fault(command, " ".join(filter(None, found.groups())) or found[0], output)
        for wrong in _wrong_files(given, command):
            yield Fault(command, wrong, output)
        os.chdir(Path(name).parent)


def write(given: Input, folder: Path) -> None:
    """Write the files of ``given`` into ``folder``."""
    for name, data in given.files.items():
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(data)


def _captured(function: Callable[[], int]) -> tuple[int | None, str]:
    """The exit code, None for an exception, and what was printed."""
    printed = io.BytesIO()
    streams = sys.stdout, sys.stderr
    stream = io.TextIOWrapper(printed, encoding="utf-8", write_through=True)
    sys.stdout = sys.stderr = stream
    code: int | None = None
    try:
        code = function()
    except BaseException:  # noqa: BLE001 -- whatever it is, it should have stayed inside
        traceback.print_exc()
    finally:
        sys.stdout, sys.stderr = streams
    stream.detach()
    return code, printed.getvalue().decode("utf-8", "replace")


def _last_place(output: str) -> str:
    places = re.findall(r'File "[^"]*?([\w.]+)", line (\d+)', output)
    last = output.strip().rpartition("\n")[2]
    return f"{last.partition(':')[0]} ({':'.join(places[-1])})" if places else last


def _wrong_files(given: Input, command: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the files in the current folder after a command."""
    changes = "fix" in command
    made = set(os.listdir(b".")) - set(given.files)
    allowed = _MADE_BY_MIGRATION if "--migrate" in command else frozenset()
    if not set(given.files) <= set(os.listdir(b".")) or not made <= allowed:
        yield f"files appeared or went: {sorted(os.listdir())}"
        return
    for name in made:
        if not _parses(Path(os.fsdecode(name)).read_bytes()):
            yield "a file was written that does not parse"
    for name, before in given.files.items():
        with open(name, "rb") as file:
            after = file.read()
        if after != before and not (changes and name.endswith(_CHANGED_BY_FIXES)):
            yield "a file was changed that should stay"
        elif after != before and name.endswith(b".ipynb"):
            if not _is_notebook(after):
                yield "a notebook that could be read no longer can"
        elif after != before and _parses(before) and not _parses(after):
            yield "a file that parsed no longer does"


def _parses(data: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _is_notebook(data: bytes) -> bool:
    try:
        return bool(json.loads(data)["cells"])
    except (ValueError, KeyError, TypeError):
        return False


def command_line(command: Sequence[str]) -> str:
    """What a person types to see a fault again, in the folder of its files."""
    return " ".join(["torchdet", *command])
