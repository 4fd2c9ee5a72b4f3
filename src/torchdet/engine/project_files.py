"""The project around a file, read from the folders that its imports are looked up in.

Python finds a module by name in ``sys.path``, which is not known here: a script's own folder, the
folder above the outermost package, and whatever ``PYTHONPATH`` or an installation adds. Asked are
the file's folder and those above it up to the project's root, and ``src`` in the root.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from torchdet.engine.discover import SourceFile
from torchdet.engine.manifest import state_of
from torchdet.engine.project_root import outside_packages, project_root
from torchdet.engine.settings import CheckSettings, settings_for
from torchdet.read_file import read_file
from torchdet.reading.project import NOT_OF_PROJECTS, ModuleSource

ReadFile = Callable[[str], "bytes | None"]
"""The bytes of the file at a path; None where there is none."""

_METADATA = ("pyproject.toml", "setup.cfg", "setup.py")
_MOST_FOLDERS = 12
_LARGEST = 2_000_000


def file_settings(file: SourceFile) -> CheckSettings:
    """The settings for ``file``, with the project around it.

    Raises ``SelectorError`` for a selector in the configuration that means no rule.
    """
    settings = settings_for(file.path, file.module_name, file.config)
    return replace(settings, project=project_of(file.path, file.config.root))


def project_of(path: str, root: str) -> ProjectFiles:
    """The project around the file at ``path``; ``root`` is the folder of its configuration."""
    return ProjectFiles(_search_folders(os.path.dirname(os.path.abspath(path)), root), read_bytes)


class ProjectFiles:
    """Answers from files in ``folders``, in that order, and remembers what was asked.

    Nothing is read before it is asked for. The last folder is the project's root.
    """

    def __init__(self, folders: Sequence[str], read: ReadFile) -> None:
        self._folders = tuple(folders)
        self._read_at = read
        self._looked_at: dict[str, str] = {}
        self._modules: dict[str, ModuleSource | None] = {}
        self._scripts: dict[str, frozenset[str]] = {}
        self._places: dict[str, tuple[str, ...]] = {}

    def _read(self, path: str) -> bytes | None:
        if path not in self._looked_at:
            self._looked_at[path] = state_of(path)
        return self._read_at(path)

    def looked_at(self) -> tuple[tuple[str, str], ...]:
        """The paths that were looked at for the answers, each with its state before."""
        return tuple(self._looked_at.items())

    def module(self, name: str) -> ModuleSource | None:
        """The module with the absolute dotted ``name``; None where the project has none."""
        if name not in self._modules:
            self._modules[name] = None if name in NOT_OF_PROJECTS else self._find(name)
        return self._modules[name]

    def _find(self, name: str) -> ModuleSource | None:
        above, _, last = name.rpartition(".")
        if not last.isidentifier():
            return None
        for folder in self._folders_of(above):
            stem = os.path.join(folder, last)
            package = self._read(os.path.join(stem, "__init__.py"))
            if package is not None:
                self._places[name] = (stem,)
                return ModuleSource(name, package, is_package=True)
            module = self._read(f"{stem}.py")
            if module is not None:
                self._places[name] = ()
                return ModuleSource(name, module)
        return None

    def _folders_of(self, package: str) -> tuple[str, ...]:
        """Where modules of ``package`` can lie: in the folder that has its ``__init__.py``.

        A package without one may be spread over all the folders that are searched.
        """
        if not package:
            return self._folders
        if package in NOT_OF_PROJECTS:
            return ()
        if self.module(package) is None and package not in self._places:
            above, _, last = package.rpartition(".")
            folders = self._folders_of(above) if last.isidentifier() else ()
            self._places[package] = tuple(os.path.join(folder, last) for folder in folders)
        return self._places[package]

    def console_scripts(self, module_name: str) -> frozenset[str]:
        """The functions of a module that the project's metadata installs as commands."""
        if module_name not in self._scripts:
            self._scripts[module_name] = self._installed(module_name)
        return self._scripts[module_name]

    def _installed(self, module_name: str) -> frozenset[str]:
        paths = (os.path.join(self._folders[-1], name) for name in _METADATA)
        targets = _scripts(tuple((path, self._read(path) or b"") for path in paths))
        functions = (target.partition(":") for target in targets)
        return frozenset(
            function.partition(".")[0] for module, _, function in functions if module == module_name
        )

    def answers(self) -> tuple[tuple[str, str], ...]:
        """What was asked so far, each question with a digest of its answer, sorted."""
        modules = ((f"module {name}", _digest(found)) for name, found in self._modules.items())
        scripts = ((f"scripts {name}", _names(found)) for name, found in self._scripts.items())
        return tuple(sorted((*modules, *scripts)))

    def still_answers(self, answers: tuple[tuple[str, str], ...]) -> bool:
        """Whether each of these questions still has the answer of that digest."""
        return all(self._answer(question) == digest for question, digest in answers)

    def _answer(self, question: str) -> str:
        kind, _, name = question.partition(" ")
        if kind == "module":
            return _digest(self.module(name))
        return _names(self.console_scripts(name))


def _digest(module: ModuleSource | None) -> str:
    if module is None:
        return ""
    return f"{hashlib.sha256(module.data).hexdigest()} {module.is_package}"


def _names(names: frozenset[str]) -> str:
    return " ".join(sorted(names))


@lru_cache(maxsize=64)
def _scripts(files: tuple[tuple[str, bytes], ...]) -> frozenset[str]:
    """The targets of the commands that packaging files declare."""
    from torchdet.reading.project.metadata import read_metadata  # few files are asked about

    return read_metadata({path: data.decode("utf-8", "replace") for path, data in files}).scripts


@lru_cache(maxsize=4096)
def _search_folders(folder: str, root: str) -> tuple[str, ...]:
    """``folder``, those above it up to the project's root, and the root's ``src``; root last."""
    top = _top(folder, os.path.abspath(root))
    folders = [folder]
    while folders[-1] != top and len(folders) < _MOST_FOLDERS:
        folders.append(os.path.dirname(folders[-1]))
    source = os.path.join(folders[-1], "src")
    if source not in folders and os.path.isdir(source):
        folders.insert(-1, source)
    return tuple(folders)


def _top(folder: str, configured: str) -> str:
    """The root of the project around ``folder``.

    Outside of any, the folder of the configuration where it is above, else what holds the
    outermost package.
    """
    root = project_root(folder)
    if root is not None:
        return root
    is_configured = folder == configured or folder.startswith(configured.rstrip(os.sep) + os.sep)
    return configured if is_configured else outside_packages(folder)


def read_bytes(path: str) -> bytes | None:
    """The content of a regular file of ordinary size; read again only when it has changed."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    stamp = _Stamp(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
    return _read(path, stamp)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What changes when a file does."""

    device: int
    inode: int
    modified: int
    size: int
    mode: int


@lru_cache(maxsize=512)
def _read(path: str, stamp: _Stamp) -> bytes | None:
    del stamp  # it only tells the contents of the file apart
    try:
        return read_file(path, limit=_LARGEST)
    except OSError:
        return None
