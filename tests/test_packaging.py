"""What is released: the wheel's content, and the extras."""

from __future__ import annotations

import subprocess
import sys
from configparser import ConfigParser
from email import message_from_bytes
from importlib import import_module
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    place = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    [path] = place.glob("*.whl")
    return ZipFile(path)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: ZipFile) -> None:
    names = set(wheel.namelist())
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and path.name != "cases.md" and "__pycache__" not in path.parts
    }
    assert sources <= names
    added = {name for name in names - sources if ".dist-info/" not in name}
    assert added <= {"torchdet/_build_id"}
    assert "torchdet/py.typed" in names


def test_the_wheel_names_commands_and_plugins_that_exist(wheel: ZipFile) -> None:
    [name] = [each for each in wheel.namelist() if each.endswith("/entry_points.txt")]
    entries = ConfigParser(delimiters=("=",))
    entries.optionxform = str  # type: ignore[assignment, method-assign]  # as the standard library documents
    entries.read_string(wheel.read(name).decode())
    assert set(entries.sections()) == {"console_scripts", "flake8.extension", "pytest11"}
    for section in entries.sections():
        for target in entries[section].values():
            module, _, attribute = target.partition(":")
            assert hasattr(import_module(module), attribute or "__name__")


def test_the_extra_all_brings_what_the_commands_can_use(wheel: ZipFile) -> None:
    [name] = [each for each in wheel.namelist() if each.endswith("/METADATA")]
    metadata = message_from_bytes(wheel.read(name))
    needed = [Requirement(each) for each in metadata.get_all("Requires-Dist", [])]

    def brought_by(extra: str) -> set[str]:
        marked = [each for each in needed if each.marker and "extra" in str(each.marker)]
        return {each.name for each in marked if each.marker.evaluate({"extra": extra})}

    parts = ("lsp", "resume", "runtime", "verify", "watch")
    assert all(brought_by(part) for part in parts)
    assert brought_by("all") == set().union(*map(brought_by, parts))
    assert brought_by("all") == {"pygls", "torch", "torchdata", "watchfiles", "xxhash"}
