"""Where a program begins, whether its code brings torch, and whether it applies the runtime.

Modules are followed by what they import, without parsing them: what any of them does may happen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from torchdet.facts.handle_names import APPLYING
from torchdet.facts.lazy import cst
from torchdet.reading.module_role import ModuleRole, is_main_test, module_role
from torchdet.reading.project import ModuleSource, Project
from torchdet.reading.randomness.survey import imported_modules

if TYPE_CHECKING:
    from torchdet.facts.screen import Outline
    from torchdet.reading.context import Context, Place

_MOST_MODULES = 400
_TORCH = re.compile(rb"^[ \t]*(?:lazy[ \t]+)?(?:import|from)[ \t]+torch\b|\b_torch_runtime\b", re.M)
_APPLIES = re.compile(
    rb"\b(?:"
    + b"|".join(name.rpartition(".")[2].encode() for name in sorted(APPLYING))
    + rb")\s*\("
)

EntryBody: TypeAlias = "cst.FunctionDef | cst.If | cst.Module"


@dataclass(frozen=True, slots=True, eq=False)
class EntryPoint:
    """A place where a program begins: ``body`` is what runs first, ``node`` what says so."""

    node: cst.CSTNode
    body: EntryBody


def entry_points(context: Context) -> Iterator[EntryPoint]:
    """Where programs begin in the file: its ``__main__`` block, and functions that are commands.

    A block that does nothing but call one function of the file begins in that function. Tests and
    scripts that build a package start no program that is meant here.
    """
    if module_role(context) in (ModuleRole.TEST, ModuleRole.BUILD_SCRIPT, ModuleRole.NOTEBOOK):
        return
    module = context.facts.module
    functions = {row.name.value: row for row in module.body if isinstance(row, cst.FunctionDef)}
    found: dict[EntryBody, cst.CSTNode] = {}
    for row in module.body:
        if isinstance(row, cst.If) and is_main_test(row.test):
            called = functions.get(_only_call(row))
            found.setdefault(row if called is None else called, row.test)
    for name in sorted(context.project.console_scripts(context.module_name)):
        if name in functions:
            found.setdefault(functions[name], functions[name].name)
    if not found and PurePath(context.path).name == "__main__.py" and module.body:
        found[module] = module.body[0]
    for body, node in found.items():
        yield EntryPoint(node, body)


def _only_call(block: cst.If) -> str:
    """The name that ``block`` calls, if that is all that it does: ``sys.exit(main())``."""
    rows = block.body.body
    if block.orelse is not None or len(rows) != 1:
        return ""
    statement = rows[0].body[0] if isinstance(rows[0], cst.SimpleStatementLine) else rows[0]
    value = getattr(statement, "value", None) or getattr(statement, "exc", None)
    while isinstance(value, cst.Call):
        if isinstance(value.func, cst.Name) and value.func.value not in {"exit", "SystemExit"}:
            return value.func.value
        value = value.args[0].value if value.args else None
    return ""


def may_begin(outline: Outline, place: Place) -> bool:
    """Whether a program may begin in a file, as far as its outline tells."""
    if "__name__" in outline.uses or PurePath(place.path).name == "__main__.py":
        return True
    return not outline.functions.isdisjoint(place.project.console_scripts(place.module_name))


def lacks_runtime(text: str, place: Place) -> bool:
    """Whether a program that begins in the file with that text uses torch without the runtime.

    It imports torch, or a module of its project that does, and none of them may apply the runtime.
    """
    brings_torch = any(_TORCH.search(each) is not None for each in _reached(text, place))
    return brings_torch and not applies_runtime(text, place)


def applies_runtime(text: str, place: Place) -> bool:
    """Whether the file applies the runtime, or a module of its project that it imports may."""
    facade = place.config.facade_module.encode()
    return any(_APPLIES.search(each) or facade in each for each in _reached(text, place))


def _reached(text: str, place: Place) -> tuple[bytes, ...]:
    """The bytes of the file, and of the modules of its project that importing it may load."""
    is_package = place.path.endswith("__init__.py")
    source = text.encode("utf-8", "surrogatepass")
    return _modules_of(ModuleSource(place.module_name, source, is_package), place.project)


@lru_cache(maxsize=2)
def _modules_of(first: ModuleSource, project: Project) -> tuple[bytes, ...]:
    seen: dict[str, ModuleSource] = {first.name: first}
    waiting = [first]
    while waiting and len(seen) < _MOST_MODULES:
        module = waiting.pop()
        for name in _names_in(module):
            if name not in seen and (found := project.module(name)) is not None:
                seen[name] = found
                waiting.append(found)
    return tuple(each.data for each in seen.values())


def _names_in(module: ModuleSource) -> Iterator[str]:
    for origin, members in imported_modules(module.data):
        above = module.absolute(origin)
        yield above
        yield from (f"{above}.{member}" for member in members)
