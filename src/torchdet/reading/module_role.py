"""What role a module has in its project, and which of its code runs when it is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.model.file_kinds import DOCUMENTS, NOTEBOOK
from torchdet.reading.test_files import is_test_file

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context, Place


class ModuleRole(Enum):
    """What a module is there for. Where several fit, the first one counts."""

    BUILD_SCRIPT = "builds its package"
    TEST = "is run or imported by tests"
    DOCUMENT = "shows pieces of code that run elsewhere"
    NOTEBOOK = "is run cell by cell"
    ENTRY_POINT = 'starts a program: it has an `if __name__ == "__main__":` block'
    SCRIPT = "starts a program: it belongs to no package"
    LIBRARY = "is imported by other modules"


_BUILDS = re.compile(r"\b(?:setuptools|distutils|cpp_extension)\b")
_CELL = re.compile(r"^# (?:%%|In ?\[[ \d]*\]:|Databricks notebook source)", re.MULTILINE)
_MEASURES = re.compile(r"bench|profil|throughput|speed", re.IGNORECASE)


def module_role(context: Context) -> ModuleRole:
    """The role of the file of ``context``, going by its name, its folders and its text."""
    path = PurePath(context.path)
    if _is_build_script(path, context):
        return ModuleRole.BUILD_SCRIPT
    if is_test_file(context.path, context.module_name, context.config):
        return ModuleRole.TEST
    if path.suffix in DOCUMENTS:
        return ModuleRole.DOCUMENT
    if path.suffix == NOTEBOOK or _CELL.search(context.facts.source.text) is not None:
        return ModuleRole.NOTEBOOK
    if has_main_block(context.facts):
        return ModuleRole.ENTRY_POINT
    in_package = "." in context.module_name or path.name == "__init__.py"
    return ModuleRole.LIBRARY if in_package else ModuleRole.SCRIPT


def starts_program(context: Context) -> bool:
    """Whether running the file is a program of its own, rather than a part of another.

    A test that also has a ``__main__`` block starts one.
    """
    starting = (ModuleRole.NOTEBOOK, ModuleRole.ENTRY_POINT, ModuleRole.SCRIPT)
    return module_role(context) in starting or has_main_block(context.facts)


def measures_speed(context: Context | Place) -> bool:
    """Whether the file's name says that it measures speed: ``benchmark_train.py``."""
    return _MEASURES.search(PurePath(context.path).name) is not None


def _is_build_script(path: PurePath, context: Context) -> bool:
    """Whether the file is a ``setup.py``.

    pip builds a package in an environment of its own, with nothing but the build's requirements
    (https://pip.pypa.io/en/stable/reference/build-system/).
    """
    named = path.name == "setup.py" and context.module_name == "setup"
    return named and _BUILDS.search(context.facts.source.text) is not None


def is_main_test(test: cst.BaseExpression) -> bool:
    """Whether ``test`` is ``__name__ == "__main__"``, either way round."""
    return any(_as_program(test, holds=True))


@remembered
def _main_blocks(module: cst.Module, facts: FileFacts) -> bool:
    del facts
    return any(isinstance(each, cst.If) and is_main_test(each.test) for each in module.body)


def has_main_block(facts: FileFacts) -> bool:
    """Whether the file has an ``if __name__ == "__main__":`` block."""
    return _main_blocks(facts.module, facts)


def runs_only_as_program(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` runs only when the file is started, never when it is imported.

    That is so in an ``if __name__ == "__main__":`` block, in the functions that it defines, and
    behind ``if __name__ != "__main__": sys.exit()``.
    """
    inside = (cst.FunctionDef, cst.Lambda)
    functions = (each for each in facts.ancestors(node) if isinstance(each, inside))
    return any(True in facts.flow.facts(each, _as_program) for each in (node, *functions))


def runs_at_import(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether importing the file evaluates ``node``: outside of functions, or as a default."""
    return facts.flow.order.at_import(node) and not runs_only_as_program(node, facts)


def runs_once_at_start(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether starting the file runs ``node`` at most once: in no function and no loop."""
    return facts.flow.order.at_import(node) and not facts.flow.order.repeats(node)


def _as_program(test: cst.BaseExpression, holds: bool) -> Iterator[bool]:
    """True where the outcome of ``test`` says that the file was started, False for imported."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return
    only = test.comparisons[0]
    if not isinstance(only.operator, (cst.Equal, cst.NotEqual)):
        return
    sides = (test.left, only.comparator)
    named = any(isinstance(side, cst.Name) and side.value == "__name__" for side in sides)
    if named and any(string_value(side) == "__main__" for side in sides):
        yield holds is isinstance(only.operator, cst.Equal)
