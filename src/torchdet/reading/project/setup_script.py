"""What a ``setup.py`` says of its project in literals. It is parsed, never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

_REQUIRES = frozenset(
    {"install_requires", "extras_require", "setup_requires", "tests_require", "requires"}
)
"""The arguments of ``setup()`` that hold requirements."""


def parse_setup_script(text: str) -> ast.Module | None:
    """The tree of a ``setup.py``; None where this Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd in the file is not our caller's concern
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def listed_requirements(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Strings in lists that can be requirements: text, row, whether only an extra needs them.

    Requirements are often collected before ``setup()`` is called, so every list counts but those
    in an argument that means something else, such as ``keywords``.
    """
    for node, argument in _with_arguments(tree):
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            for each in node.elts:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value, each.lineno, argument not in {"", "install_requires"}


def entry_points(tree: ast.Module) -> Iterator[str]:
    """The targets, such as ``kit.cli:main``, of the commands that strings of the file declare."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for line in node.value.splitlines():
                _, is_assigned, target = line.partition("=")
                if is_assigned and ":" in target:
                    yield target.strip()


def _with_arguments(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Nodes with the argument of ``setup()`` that they are in, if any; without other arguments."""
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, argument = pending.pop()
        yield node, argument
        is_setup = isinstance(node, ast.Call) and _called(node.func) == "setup"
        for child in ast.iter_child_nodes(node):
            if is_setup and isinstance(child, ast.keyword) and child.arg is not None:
                if child.arg in _REQUIRES:
                    pending.append((child, child.arg))
            else:
                pending.append((child, argument))


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
