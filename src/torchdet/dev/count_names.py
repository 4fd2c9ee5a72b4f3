"""Counts the names of PyTorch that are written by hand in the package's modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
_NAME = re.compile(r"torch\.\w")
_APART = ("torch_api", "dev")


def names_by_module(package: Path = PACKAGE) -> dict[Path, int]:
    """How many string literals of each module begin with a dotted name of torch.

    Documentation is left out, and so are `torch_api`, where such names belong, and these tools.
    """
    counts = {}
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        if inside.parts[0] not in _APART:
            count = sum(1 for _ in _names(ast.parse(path.read_text(encoding="utf-8"))))
            if count:
                counts[inside] = count
    return counts


def _names(tree: ast.Module) -> Iterator[str]:
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str) and _NAME.match(node.value):
            yield node.value


def count_report(package: Path = PACKAGE) -> str:
    """The counts as text, the most first, and their sum."""
    counts = names_by_module(package)
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{count:5}  {path.as_posix()}" for path, count in rows]
    total = f"{sum(counts.values())} names in {len(counts)} modules"
    return "\n".join([*lines, total]) + "\n"
