"""The corpus: which packages, where they lie once fetched, and copies of them to measure on."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BENCH = Path(__file__).resolve().parent
DEFAULT_FOLDER = BENCH.parent / ".corpus"


class CorpusError(Exception):
    """The corpus is not what ``corpus.toml`` says. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned wheel. ``uses_torch`` is false for the one that stands for torch-free code."""

    name: str
    version: str
    wheel: str
    sha256: str
    uses_torch: bool

    def source(self, folder: Path) -> Path:
        """Where the unpacked sources lie below the corpus ``folder``."""
        return folder / "src" / f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class Repository:
    """What lies at ``paths`` of a pinned commit: scripts, in which findings are read."""

    name: str
    url: str
    commit: str
    paths: tuple[str, ...]

    def source(self, folder: Path) -> Path:
        """Where the files lie below the corpus ``folder``."""
        return folder / "src" / f"{self.name}-{self.commit[:12]}"


@dataclass(frozen=True, slots=True)
class Tree:
    """Files to measure on: ``root`` holds them all, and nothing else."""

    root: Path
    files: tuple[Path, ...]
    lines: int


def _document() -> dict[str, object]:
    return tomllib.loads((BENCH / "corpus.toml").read_text(encoding="utf-8"))


def packages() -> tuple[Package, ...]:
    """The packages of ``corpus.toml``, in its order."""
    entries = _document()["package"]
    assert isinstance(entries, list)
    return tuple(Package(**entry) for entry in entries)


def repositories() -> tuple[Repository, ...]:
    """The repositories of ``corpus.toml``, in its order."""
    entries = _document()["repository"]
    assert isinstance(entries, list)
    return tuple(Repository(**{**entry, "paths": tuple(entry["paths"])}) for entry in entries)


def torchfix_requirements() -> tuple[str, ...]:
    """What TorchFix's own environment is made of."""
    table = _document()["torchfix"]
    assert isinstance(table, dict)
    return tuple(table["requirements"])


def chosen(names: Sequence[str], among: Iterable[Package]) -> tuple[Package, ...]:
    """The packages called ``names``; all of them without names. Raises ``CorpusError``."""
    known = {package.name: package for package in among}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CorpusError(
            f"no such package in corpus.toml: {', '.join(unknown)}; it has {', '.join(known)}"
        )
    return tuple(known[name] for name in names) if names else tuple(known.values())


def sources(package: Package, folder: Path) -> tuple[Path, ...]:
    """The Python files of ``package``, sorted. Raises ``CorpusError`` when it wasn't fetched."""
    root = package.source(folder)
    files = tuple(sorted(root.rglob("*.py")))
    if not files:
        raise CorpusError(
            f"{package.name} {package.version} is not in {folder}: "
            f"run `python bench/fetch_corpus.py {folder}` first"
        )
    return files


def stage(files: Iterable[Path], origin: Path, root: Path) -> None:
    """Copy ``files`` from below ``origin`` to the same places below ``root``.

    What is measured is a copy, so that no ignore file, configuration or excluded folder name
    around the original makes one tool read fewer files than another.
    """
    for file in files:
        target = root / file.relative_to(origin)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def staged_tree(root: Path) -> Tree:
    """The tree of what was staged below ``root``."""
    files = tuple(sorted(root.rglob("*.py")))
    return Tree(root, files, sum(file.read_bytes().count(b"\n") for file in files))
