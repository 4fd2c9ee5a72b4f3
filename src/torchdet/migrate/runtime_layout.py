"""Where the files of a project get torch and the handle: the runtime module of each package.

What decides is how the project's own files import each other, so all of them are looked at before
the first is surveyed. Only rows that begin with an import are read, as bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from torchdet.engine.check_files import read_source
from torchdet.engine.discover import SourceFile
from torchdet.facts.handle_names import EXPORTS, RUNTIME_MODULE
from torchdet.findings.handle.torch_access import RUNTIME, TorchAccess
from torchdet.migrate.targets import Target
from torchdet.model.diagnostic import FileReport
from torchdet.reading.context import Context
from torchdet.reading.module_role import (
    ModuleRole,
    has_main_block,
    module_role,
    starts_program,
)
from torchdet.reading.test_files import is_test_folder

_IMPORT = re.compile(
    rb"^[ \t]*(?:lazy[ \t]+)?(?:from[ \t]+(?P<origin>\.*[\w.]*)[ \t]+import\b"
    rb"|import[ \t]+(?P<names>[\w.]+(?:[ \t]+as[ \t]+\w+)?(?:[ \t]*,[ \t]*[\w. \t]+)*))",
    re.MULTILINE,
)
_DEFERRED = TorchAccess(RUNTIME, "deferred_handle")


@dataclass(frozen=True, slots=True)
class RuntimeModule:
    """The module of one package from which its others get torch and the handle.

    ``folder`` is the package's, ``name`` its name and ``module`` the last part of the module's.
    ``relative`` is whether the package's modules import each other by relative names, ``alone`` the
    folders in it whose modules import their neighbours as if these were in no package.
    """

    folder: str
    name: str
    module: str
    relative: bool
    exists: bool
    alone: frozenset[str] = frozenset()
    target: Target | None = None

    @property
    def path(self) -> str:
        """The path of its file."""
        return os.path.join(self.folder, *self.module.split(".")) + ".py"

    @property
    def text(self) -> str:
        """What its file holds."""
        return _TEXT.format(name=self.name) if self.target is None else self.target.text

    def seen_from(self, path: str, *, relative: bool) -> TorchAccess:
        """How the file at ``path``, in the package, imports it."""
        exported = "rt" if self.target is None else self.target.name
        if not relative:
            return TorchAccess(f"{self.name}.{self.module}", "", exported)
        below = os.path.relpath(os.path.dirname(os.path.abspath(path)), self.folder)
        depth = 0 if below == os.curdir else len(PurePath(below).parts)
        return TorchAccess("." * (depth + 1) + self.module, "", exported)


_TEXT = '''\
"""Where {name} gets torch and its device; to import this changes nothing in the process."""

from typing import TYPE_CHECKING

from torchdet.runtime import deferred_handle

rt = deferred_handle()
if TYPE_CHECKING:
    import torch as torch
else:
    torch = rt.torch
'''


@dataclass(frozen=True, slots=True)
class RuntimeLayout:
    """The runtime modules of a project, by the folders of their packages.

    ``imported`` are the paths of the modules outside of packages that others import. ``target`` is
    what the project is migrated onto where that is not the runtime. With ``injected`` a program
    obtains the handle in its entry point alone.
    """

    modules: Mapping[str, RuntimeModule] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()
    target: Target | None = None
    injected: bool = False

    def access(self, context: Context) -> TorchAccess:
        """How the file of ``context`` gets torch and the handle."""
        path = context.path
        imports = {*_imports_in(context.facts.source.text.encode("utf-8", "replace"))}
        own = self._package_of(path, imports)
        if self.target is not None:
            return self._helper(self.target, own, imports, context)
        if own is not None:
            return _in_package(own, imports, context) or _DEFERRED
        if module_role(context) is ModuleRole.TEST:
            tested = self._tested(imports)
            return _DEFERRED if tested is None else tested.seen_from(path, relative=False)
        imported = os.path.abspath(path) in self.imported
        starts = self.injected and has_main_block(context.facts)
        return _DEFERRED if imported or starts else TorchAccess()

    def _helper(
        self, target: Target, own: RuntimeModule | None, imports: set[str], context: Context
    ) -> TorchAccess:
        """How the file gets what has the handle's operations without the runtime."""
        if target.own:
            return TorchAccess(target.module, "", target.name)
        path = context.path
        if own is not None:
            return _in_package(own, imports, context) or own.seen_from(path, relative=False)
        tested = self._tested(imports) if module_role(context) is ModuleRole.TEST else None
        if tested is not None:
            return tested.seen_from(path, relative=False)
        return TorchAccess(target.module, "", target.name)

    def _package_of(self, path: str, imports: Iterable[str]) -> RuntimeModule | None:
        """The package that the file at ``path`` is a module of.

        A folder in it need not have an ``__init__.py`` of its own, if what is there imports the
        package.
        """
        own = self.modules.get(package_folder(path) or "")
        if own is not None:
            return own
        around = (self.modules.get(str(folder)) for folder in Path(os.path.abspath(path)).parents)
        within = next((each for each in around if each is not None), None)
        if within is None or not any(_is_of(within.name, name) for name in imports):
            return None
        return within

    def _tested(self, imports: Iterable[str]) -> RuntimeModule | None:
        """The runtime module of the first package of the project that ``imports`` are of."""
        named = (self._named(name) for name in sorted(imports))
        return next((each for each in named if each is not None), None)

    def module_for(self, path: str) -> RuntimeModule | None:
        """The runtime module of which the file at ``path`` imports, if it imports one."""
        if self.target is not None and self.target.own:
            return None
        data = read_source(path)
        imports = () if isinstance(data, FileReport) else tuple(_imports_in(data))
        found = self._package_of(path, imports) or self._tested(imports)
        if found is not None or self.target is None:
            return found
        beside = os.path.dirname(os.path.abspath(path))
        made = RuntimeModule(beside, "", self.target.module, False, False, target=self.target)
        return replace(made, exists=os.path.exists(made.path))

    def _named(self, imported: str) -> RuntimeModule | None:
        """The runtime module of the package that ``imported`` is of."""
        top = imported.partition(".")[0]
        found = [each for each in self.modules.values() if each.name == top]
        return found[0] if len(found) == 1 else None


def _in_package(own: RuntimeModule, imports: set[str], context: Context) -> TorchAccess | None:
    """How a module of a package gets at its runtime module; None where it may have no package."""
    path = context.path
    if os.path.dirname(os.path.abspath(path)) in own.alone:
        return None
    if any(name.startswith(".") for name in imports):
        return own.seen_from(path, relative=True)
    if any(_is_of(own.name, name) for name in imports):
        return own.seen_from(path, relative=False)
    if starts_program(context):
        return None  # it may be run by its path
    return own.seen_from(path, relative=own.relative)


def layout_of(files: Iterable[SourceFile], target: Target | None = None) -> RuntimeLayout:
    """The layout of the project whose files are ``files``, migrated onto ``target``."""
    given = list(files)
    imports = {os.path.abspath(each.path): {*_imports_of(each)} for each in given}
    named = {each.path: each.config.runtime_modules for each in given}
    packages: dict[str, list[str]] = {}
    for path in imports:
        folder = package_folder(path)
        if folder is not None:
            packages.setdefault(folder, []).append(path)
    wanted = [module for modules in named.values() for module in modules]
    modules = {
        folder: _module_of(folder, {path: imports[path] for path in paths}, wanted, target)
        for folder, paths in packages.items()
    }
    imported = (
        os.path.join(os.path.dirname(path), f"{name.partition('.')[0]}.py")
        for path, names in imports.items()
        for name in names
    )
    return RuntimeLayout(modules, frozenset(imported) & imports.keys(), target)


def _module_of(
    folder: str,
    imports: Mapping[str, set[str]],
    wanted: Iterable[str],
    target: Target | None,
) -> RuntimeModule:
    name = os.path.basename(folder)
    every = [each for names in imports.values() for each in names]
    absolute = sum(_is_of(name, each) for each in every)
    relative = absolute == 0 or sum(each.startswith(".") for each in every) > absolute
    packaged = {
        os.path.dirname(path)
        for path, names in imports.items()
        if any(each.startswith(".") or _is_of(name, each) for each in names)
    }
    alone = frozenset(
        os.path.dirname(path)
        for path, names in imports.items()
        for each in names
        if _is_beside(each, path, imports) and not _is_of(name, each)
    ).difference(packaged)
    for module in dict.fromkeys(wanted if target is None else ()):
        inside = module.removeprefix(f"{name}.")
        chosen = RuntimeModule(folder, name, inside, relative, exists=True, alone=alone)
        if inside != module and _exports_all(chosen.path):
            return chosen
    last = RUNTIME_MODULE if target is None else target.module
    chosen = RuntimeModule(folder, name, last, relative, False, alone, target)
    return replace(chosen, exists=os.path.exists(chosen.path))


def _is_beside(imported: str, path: str, package: Mapping[str, set[str]]) -> bool:
    """Whether ``imported`` is a module in the folder of ``path``, as ``python path`` finds it."""
    top = imported.partition(".")[0]
    return bool(top) and os.path.join(os.path.dirname(path), f"{top}.py") in package


def _is_of(package: str, imported: str) -> bool:
    return f"{imported}.".startswith(f"{package}.")


def _exports_all(path: str) -> bool:
    """Whether the module at ``path`` binds what a runtime module exports, going by its rows."""
    data = read_source(path) if os.path.exists(path) else b""
    if isinstance(data, FileReport):
        return False
    bound = (rf"^[ \t]*{name}\b[^=\n]*=[^=]|\bimport\b.*\b{name}\b" for name in EXPORTS)
    return all(re.search(each.encode(), data, re.MULTILINE) for each in bound)


def _imports_of(file: SourceFile) -> Iterator[str]:
    data = read_source(file.path)
    if not isinstance(data, FileReport):
        yield from _imports_in(data)


def _imports_in(data: bytes) -> Iterator[str]:
    """The modules that rows of ``data`` import, relative ones with their dots."""
    for match in _IMPORT.finditer(data):
        if match["origin"] is not None:
            yield match["origin"].decode()
            continue
        for name in match["names"].split(b","):
            yield name.split()[0].decode() if name.split() else ""


def package_folder(path: str) -> str | None:
    """The outermost package around the file at ``path``; None where there is none.

    A package of tests is none of the project's own.
    """
    folder, outermost = os.path.dirname(os.path.abspath(path)), None
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        outermost, folder = folder, os.path.dirname(folder)
    if outermost is None or is_test_folder(os.path.basename(outermost)):
        return None
    return outermost
