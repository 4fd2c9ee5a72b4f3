"""The projects that are migrated as a trial: where they come from and how their tests run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BENCH = Path(__file__).resolve().parent
DEFAULT_FOLDER = BENCH.parent / ".projects"
REQUIREMENTS = BENCH / "projects_requirements.txt"


class ProjectError(Exception):
    """A project can't be fetched, prepared or run. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Release:
    """A source distribution on PyPI, pinned by its version and hash."""

    version: str
    sdist: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Commit:
    """What lies at ``paths`` of one commit of a git repository."""

    repository: str
    commit: str
    paths: tuple[str, ...]

    @property
    def version(self) -> str:
        """Enough of the commit to tell it from others."""
        return self.commit[:12]


@dataclass(frozen=True, slots=True)
class Project:
    """What is migrated and how it is tested; all paths are relative to its folder.

    ``packages`` are the folders and files that are migrated, ``import_roots`` those that Python
    finds modules in. ``tests`` are command lines: of one that runs pytest each test is an outcome,
    any other is one outcome by its exit code. ``prepare`` are command lines that make what the
    tests need, run before the copy is migrated. ``types`` is the command line of the type checker,
    ``formatters`` are those that name each file that is not formatted or sorted.
    """

    name: str
    kind: str
    packages: tuple[str, ...]
    tests: tuple[str, ...]
    source: Release | Commit | None = None
    import_roots: tuple[str, ...] = (".",)
    prepare: tuple[str, ...] = ()
    types: str = ""
    formatters: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name} {self.source.version}" if self.source else self.name

    def folder(self, root: Path) -> Path:
        """Where the fetched project lies below ``root``."""
        return root / "src" / self.label.replace(" ", "-")


def pinned_projects() -> tuple[Project, ...]:
    """The projects of ``projects.toml``, in its order."""
    document = tomllib.loads((BENCH / "projects.toml").read_text(encoding="utf-8"))
    return tuple(_project(entry) for entry in document["project"])


def chosen(names: Sequence[str], among: Iterable[Project]) -> tuple[Project, ...]:
    """The projects called ``names``; all of them without names. Raises ``ProjectError``."""
    known = {project.name: project for project in among}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ProjectError(
            f"no such project in projects.toml: {', '.join(unknown)}; it has {', '.join(known)}"
        )
    return tuple(known[name] for name in names) if names else tuple(known.values())


def _project(entry: Mapping[str, Any]) -> Project:
    """One table of ``projects.toml``."""
    source: Release | Commit
    if "sdist" in entry:
        source = Release(entry["version"], entry["sdist"], entry["sha256"])
    else:
        source = Commit(entry["repository"], entry["commit"], tuple(entry["paths"]))
    return Project(
        name=entry["name"],
        kind=entry["kind"],
        packages=tuple(entry["packages"]),
        tests=tuple(entry["tests"]),
        source=source,
        import_roots=tuple(entry.get("import-roots", ["."])),
        prepare=tuple(entry.get("prepare", [])),
        types=entry.get("types", ""),
        formatters=tuple(entry.get("formatters", [])),
        variables=tuple(entry.get("variables", {}).items()),
    )
