"""Modules that their package imports only where there is CUDA.

``if torch.cuda.is_available(): from kit.fast import attention`` in ``kit/__init__.py`` makes
``kit/fast.py`` code for CUDA, whatever its name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from torchdet.reading.context import Context
from torchdet.reading.project import ModuleSource
from torchdet.torch_api.device_queries import AVAILABILITY_QUERIES


def is_imported_behind_check(context: Context) -> bool:
    """Whether the package around imports the file's module, and each time after asking for CUDA."""
    above, _, name = context.module_name.rpartition(".")
    package = context.project.module(above) if above else None
    return package is not None and _is_guarded(package, name)


@lru_cache(maxsize=256)
def _is_guarded(package: ModuleSource, name: str) -> bool:
    if b"cuda" not in package.data or name.encode() not in package.data:
        return False
    try:
        tree = ast.parse(package.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    guards = [guarded for guarded, module in _imports(tree, package) if _is(module, name, package)]
    return bool(guards) and all(guards)


def _is(module: str, name: str, package: ModuleSource) -> bool:
    whole = f"{package.name}.{name}"
    return module == whole or module.startswith(f"{whole}.")


def _imports(tree: ast.Module, package: ModuleSource) -> Iterator[tuple[bool, str]]:
    """Each module that the package imports, and whether that is behind a question for CUDA."""
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, guarded = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((guarded, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.absolute("." * node.level + (node.module or ""))
            yield guarded, base
            yield from ((guarded, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.If):
            asks = _asks_for_cuda(node.test)
            pending += [(each, guarded or asks) for each in node.body]
            pending += [(each, guarded) for each in node.orelse]
        else:
            pending += [(each, guarded) for each in ast.iter_child_nodes(node)]


def _asks_for_cuda(test: ast.expr) -> bool:
    """Whether a test holds only where there is CUDA: a question for it, perhaps one of several."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(map(_asks_for_cuda, test.values))
    asked = test.func if isinstance(test, ast.Call) else test
    spelled = ast.unparse(asked) if isinstance(asked, (ast.Name, ast.Attribute)) else ""
    if not isinstance(test, ast.Call):
        return spelled == "torch.version.cuda"
    own = spelled.rpartition(".")[2] in {"is_cuda_available", "has_cuda", "cuda_is_available"}
    return own or (spelled in AVAILABILITY_QUERIES and ".cuda." in spelled)
