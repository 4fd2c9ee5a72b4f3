"""From the paths on the command line to the files that are checked."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Protocol

from torchdet.engine.settings import module_name_of
from torchdet.glob_pattern import GlobPattern, PatternError, parse_ignore_line
from torchdet.model.config import LintConfig
from torchdet.model.file_kinds import CONFIGURATIONS, DOCUMENTS, NOTEBOOK, PYTHON, STUB
from torchdet.patterns import Patterns, configured_patterns
from torchdet.read_file import SETTINGS_LIMIT, read_file

ConfigFor = Callable[[Path], LintConfig]
"""Gives the configuration that holds for the files in a folder."""

_SUFFIXES = (PYTHON, STUB, NOTEBOOK)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to check: its path as the user will read it, its dotted name, its configuration."""

    path: str
    module_name: str
    config: LintConfig


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A path that could not be looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class DanglingLink:
    """A link in a folder that was searched, whose target does not exist: Emacs' lock files."""

    path: str


Discovered = SourceFile | Unreachable | DanglingLink


class Witness(Protocol):
    """Is told what a search has looked at."""

    def searched(self, folder: str) -> None:
        """The entries of ``folder`` were listed."""

    def read(self, path: str) -> None:
        """The file at ``path`` was read."""


class _Nobody:
    """Wants to know nothing."""

    def searched(self, folder: str) -> None:
        """Pass."""

    def read(self, path: str) -> None:
        """Pass."""


def discover(
    paths: Iterable[str],
    config_for: ConfigFor,
    *,
    force_exclude: bool = False,
    include_docs: bool = False,
    witness: Witness | None = None,
) -> list[Discovered]:
    """The Python files among and below ``paths``, sorted by path, each of them once.

    Folders are searched for ``*.py``, ``*.pyi`` and ``*.ipynb``, for configurations of devices, and
    with ``include_docs``, or where the configuration says so, for documents; links to folders
    inside them are not followed, so that no loop of links is walked. A file that is named itself is
    taken whatever its name and even when it is excluded, unless ``force_exclude``: that is what
    pre-commit needs, which names every changed file. ``witness`` is told of each folder that is
    listed, and of each file that was read to decide.
    """
    search = _Search(config_for, force_exclude, include_docs, witness or _Nobody())
    found: dict[str, Discovered] = {}
    for path in paths:
        for item in _below(path, search):
            found.setdefault(item.path, item)
    return [found[path] for path in sorted(found)]


@dataclass(frozen=True, slots=True)
class _Search:
    """What holds for all paths of a search."""

    config_for: ConfigFor
    force_exclude: bool
    include_docs: bool
    witness: Witness
    told: dict[str, list[str]] = field(default_factory=dict)

    def wants(self, name: str, config: LintConfig) -> bool:
        """Whether a file in a folder is looked at, by its name."""
        in_docs = (self.include_docs or config.include_docs) and name.endswith(DOCUMENTS)
        return in_docs or name.endswith(_SUFFIXES)


def _below(path: str, search: _Search) -> Iterator[Discovered]:
    # normpath, not pathlib: "./src" should read "src" in the output, and "src" stay relative.
    path = os.path.normpath(path)
    try:
        os.lstat(path)
    except FileNotFoundError:
        yield Unreachable(path, "no such file or folder")
        return
    except OSError as error:
        yield Unreachable(path, error.strerror or str(error))
        return
    if search.force_exclude and _excluded_by_name(path, search.config_for):
        return
    if os.path.isdir(path):
        yield from _walk(path, search)
    else:
        yield source_file(path, search.config_for(Path(path).parent))


def distinct_files(files: Iterable[SourceFile]) -> list[SourceFile]:
    """``files`` without those that are another's content under another name: a link."""
    by_target: dict[str, SourceFile] = {}
    for file in files:
        by_target.setdefault(os.path.realpath(file.path), file)
    return list(by_target.values())


def source_file(path: str, config: LintConfig) -> SourceFile:
    """The file at ``path``, whether it exists or not (standard input has a name only)."""
    folder, _, _ = path.rpartition(os.sep)
    return SourceFile(
        path,
        module_name_of(PurePath(path), _packages(os.path.abspath(folder or os.curdir))),
        config,
    )


def forget_folders() -> None:
    """Look at folders anew: for a process in which they change."""
    for kept in (_packages, _git_ignores, _in_work_tree):
        kept.cache_clear()


@lru_cache(maxsize=4096)
def _packages(folder: str) -> tuple[str, ...]:
    """The nested packages that end in the absolute ``folder``, outermost first."""
    if not os.path.isfile(os.path.join(folder, "__init__.py")):
        return ()
    above, name = os.path.split(folder)
    return (*_packages(above), name) if name else ()


class _Excluder:
    """Decides on the entries of one folder: configured patterns first, then ``.gitignore``."""

    def __init__(self, folder: str, config: LintConfig) -> None:
        patterns = _configured_patterns(config)
        ignores = _git_ignores(os.path.abspath(folder)) if config.respect_gitignore else ()
        self._levels = [(level, _prefix(level, folder)) for level in (patterns, *ignores)]

    def excludes(self, name: str, *, folder: bool = False) -> bool:
        """Whether the entry ``name`` of the folder is left out; the innermost word counts."""
        suffix = "/" if folder else ""
        verdicts = [level.verdict(f"{prefix}{name}{suffix}") for level, prefix in self._levels]
        if verdicts and verdicts[0]:
            return True
        said = [verdict for verdict in verdicts[1:] if verdict is not None]
        return bool(said) and said[-1]


@lru_cache(maxsize=64)
def _configured_patterns(config: LintConfig) -> Patterns:
    return configured_patterns(config.root, (*config.exclude, *config.extend_exclude))


def _prefix(patterns: Patterns, folder: str) -> str:
    """What stands before the names in ``folder`` as ``patterns`` see them.

    Nothing, when the folder lies outside their root: a run without a configuration file may
    look at any place, and ``__pycache__`` means the same everywhere.
    """
    relative = patterns.relative(folder)
    return "" if relative in (None, os.curdir) else f"{relative}/"


def _excluded_by_name(path: str, config_for: ConfigFor) -> bool:
    """Whether a path that was named itself, or a folder above it, is excluded."""
    config = config_for(Path(os.path.abspath(path)).parent)
    return _is_excluded(path, config.root, config)


def is_git_ignored(path: str, root: str) -> bool:
    """Whether ignore files in the work tree at ``root`` leave out ``path`` or a folder above it."""
    return _is_excluded(path, root, LintConfig(exclude=()))


def why_excluded(path: str, config: LintConfig) -> str | None:
    """Why ``path`` is not found where folders are searched; None where it is.

    >>> why_excluded("build/lib/kit.py", LintConfig())
    'the pattern "build" excludes build'
    """
    for entry in reversed(_inside(path, config.root)):
        folder = str(entry.parent)
        for pattern in (*config.exclude, *config.extend_exclude):
            alone = replace(config, exclude=(pattern,), extend_exclude=(), respect_gitignore=False)
            if _Excluder(folder, alone).excludes(entry.name, folder=entry.is_dir()):
                shown = _without_here(os.path.relpath(entry))
                return f'the pattern "{pattern}" excludes {shown}'
        if _Excluder(folder, config).excludes(entry.name, folder=entry.is_dir()):
            return f"git ignores {_without_here(os.path.relpath(entry))}"
    if os.path.isfile(path) and not path.endswith(_SUFFIXES):
        return f"its name ends in none of {', '.join(_SUFFIXES)}"
    return None


def _inside(path: str, root: str) -> list[Path]:
    """``path`` and the folders above it up to ``root``, innermost first; itself if outside."""
    absolute, top = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    inside = [absolute, *absolute.parents]
    return inside[: inside.index(top)] if top in inside else inside[:1]


def _is_excluded(path: str, root: str, config: LintConfig) -> bool:
    return any(
        _Excluder(str(entry.parent), config).excludes(entry.name, folder=entry.is_dir())
        for entry in _inside(path, root)
    )


def _walk(top: str, search: _Search) -> Iterator[Discovered]:
    problems: list[Unreachable] = []

    def unreadable(error: OSError) -> None:
        path = _without_here(str(error.filename))
        problems.append(Unreachable(path, error.strerror or str(error)))

    for folder, subfolders, files in os.walk(top, onerror=unreadable):
        search.witness.searched(folder)
        config = search.config_for(Path(folder))
        excluder = _Excluder(folder, config)
        subfolders[:] = [name for name in subfolders if not excluder.excludes(name, folder=True)]
        packages = _packages(os.path.abspath(folder))
        configurations = _configurations(files, folder, top, search)
        for name in files:
            wanted = name in configurations or search.wants(name, config)
            if wanted and not excluder.excludes(name):
                path = _without_here(os.path.join(folder, name))
                if os.path.islink(path) and not os.path.exists(path):
                    yield DanglingLink(path)
                    continue
                yield SourceFile(path, module_name_of(PurePath(name), packages), config)
    yield from problems


def _configurations(
    files: Sequence[str], folder: str, top: str, search: _Search
) -> Collection[str]:
    """Those of ``files`` that configure programs and may name a device."""
    if not any(name.endswith(CONFIGURATIONS) for name in files):
        return ()
    from torchdet.engine.find_configurations import configurations_among

    return configurations_among(files, folder, top, search.witness.read, search.told)


def _without_here(path: str) -> str:
    """``path`` without the ``./`` that searching the current folder puts before it."""
    return path.removeprefix(f"{os.curdir}{os.sep}")


@lru_cache(maxsize=4096)
def _git_ignores(folder: str) -> tuple[Patterns, ...]:
    """The ignore files that hold in ``folder``, outermost first; none outside a work tree."""
    above = os.path.dirname(folder)
    git = os.path.join(folder, ".git")
    if os.path.exists(git):
        outer = _read_patterns(folder, os.path.join(git, "info", "exclude"))
    elif above == folder or not _in_work_tree(folder):
        return ()
    else:
        outer = _git_ignores(above)
    return (*outer, *_read_patterns(folder, os.path.join(folder, ".gitignore")))


@lru_cache(maxsize=4096)
def _in_work_tree(folder: str) -> bool:
    if os.path.exists(os.path.join(folder, ".git")):
        return True
    above = os.path.dirname(folder)
    return above != folder and _in_work_tree(above)


def _read_patterns(root: str, file: str) -> tuple[Patterns, ...]:
    try:
        data = read_file(file, limit=SETTINGS_LIMIT)
    except OSError:
        return ()  # git, too, passes over an ignore file that is missing or unreadable
    lines = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape").split("\n")
    patterns = [pattern for line in lines if (pattern := _ignore_pattern(line)) is not None]
    return (Patterns(root, patterns),) if patterns else ()


def _ignore_pattern(line: str) -> GlobPattern | None:
    try:
        return parse_ignore_line(line.removesuffix("\r"))
    except PatternError:
        return None  # to git it is a pattern that matches nothing
