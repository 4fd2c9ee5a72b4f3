"""``Containerfile``: what it copies is there and is enough to build torchdet without the rest."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.cli.process import torchdet
from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent.parent
_KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENTRYPOINT", "CMD"}


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_instructions_are_known_and_each_stage_begins_with_an_image() -> None:
    words = [word for word, _ in instructions()]
    assert set(words) <= _KNOWN
    assert words[0] == "FROM"
    assert dict(instructions())["USER"] != "root"


def test_what_is_copied_is_enough_to_build(tmp_path: Path) -> None:
    for _, rest in (each for each in instructions() if each[0] == "COPY"):
        *sources, target = rest.split()
        for source in sources:
            place = tmp_path / target / (source if len(sources) > 1 else "")
            if (ROOT / source).is_dir():
                left_out = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, place, dirs_exist_ok=True, ignore=left_out)
            else:
                shutil.copy(ROOT / source, place)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    [wheel] = (tmp_path / "dist").glob("*.whl")
    with ZipFile(wheel) as archive:
        assert "torchdet/__main__.py" in archive.namelist()


def test_the_container_starts_a_command_that_exists() -> None:
    by_word = dict(instructions())
    assert json.loads(by_word["ENTRYPOINT"]) == ["torchdet"]
    done = torchdet(*json.loads(by_word["CMD"]), "--help")
    assert done.returncode == 0
