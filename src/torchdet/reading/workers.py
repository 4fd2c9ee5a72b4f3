"""Which functions of a file it hands to a thread, a process, Ray, Dask or joblib."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class HandOff:
    """``function``, as people call it, is handed at ``place`` to what ``kind`` names."""

    place: cst.CSTNode
    function: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Taker:
    """A call that runs one of its arguments elsewhere: which argument, and where.

    A method is known by its name alone, so that one of ``packages`` must be imported as well.
    """

    kind: str
    position: int = 0
    keyword: str = "func"
    packages: tuple[str, ...] = ()


_THREAD, _PROCESS, _WORKER = "a thread", "a process", "a worker"
_MULTIPROCESSING = ("multiprocessing", "torch.multiprocessing")
_EXECUTORS = (*_MULTIPROCESSING, "concurrent.futures", "dask", "distributed", "mpi4py", "ray")

_FUNCTIONS = {
    "threading.Thread": _Taker(_THREAD, 1, "target"),
    "threading.Timer": _Taker(_THREAD, 1, "function"),
    "_thread.start_new_thread": _Taker(_THREAD),
    "asyncio.to_thread": _Taker(_THREAD),
    **{f"{package}.Process": _Taker(_PROCESS, 1, "target") for package in _MULTIPROCESSING},
    "torch.multiprocessing.spawn": _Taker(_PROCESS, 0, "fn"),
    "torch.multiprocessing.start_processes": _Taker(_PROCESS, 0, "fn"),
    "torch_xla.distributed.xla_multiprocessing.spawn": _Taker(_PROCESS, 0, "fn"),
    "accelerate.notebook_launcher": _Taker(_PROCESS, 0, "function"),
    "ray.remote": _Taker("a Ray worker"),
    "dask.delayed": _Taker("a Dask worker", 0, "obj"),
    "dask.delayed.delayed": _Taker("a Dask worker", 0, "obj"),
    "joblib.delayed": _Taker("a joblib worker", 0, "function"),
}
_METHODS = {
    "Process": _Taker(_PROCESS, 1, "target", _MULTIPROCESSING),
    "submit": _Taker(_WORKER, 0, "fn", _EXECUTORS),
    "map": _Taker(_WORKER, 0, "func", _EXECUTORS),
    **{
        name: _Taker(_WORKER, 0, "func", _EXECUTORS)
        for name in (
            "apply",
            "apply_async",
            "imap",
            "imap_unordered",
            "map_async",
            "starmap",
            "starmap_async",
        )
    },
    "run_in_executor": _Taker(_WORKER, 1, "func", ("asyncio", "concurrent.futures")),
}
_DECORATORS = {"ray.remote": "a Ray worker", "dask.delayed": "a Dask worker"}
_RUNNABLE = {
    "threading.Thread": _THREAD,
    **{f"{package}.Process": _PROCESS for package in _MULTIPROCESSING},
}


def hand_offs(node: cst.CSTNode, facts: FileFacts) -> Iterator[HandOff]:
    """Where the functions around ``node`` are handed to a worker, innermost function first."""
    method: cst.FunctionDef | None = None
    for above in facts.ancestors(node):
        if isinstance(above, cst.Lambda):
            yield from _passed(above, "a lambda", facts)
        elif isinstance(above, cst.FunctionDef):
            method = above
            yield from _decorated(above, above.name.value, facts)
            for reference in _references(above, facts):
                yield from _passed(reference, above.name.value, facts)
        elif isinstance(above, cst.ClassDef) and method is not None:
            name = f"{above.name.value}.{method.name.value}"
            yield from _decorated(above, name, facts)
            if method.name.value == "run":
                yield from _derived(above, name, facts)


@remembered
def _references(function: cst.CSTNode, facts: FileFacts) -> tuple[cst.BaseExpression, ...]:
    """The expressions that mean the function and do not call it: ``self.name`` for a method."""
    if not isinstance(function, cst.FunctionDef):
        return ()
    definition = facts.flow.definition(function)
    uses = facts.flow.uses(definition) if definition is not None else ()
    found = [use.node for use in uses if use.kind is not UseKind.CALLED]
    if isinstance(facts.scope(function).node, cst.ClassDef):
        found += _read_methods(facts.module, facts).get(function.name.value, ())
    return tuple(found)


@remembered
def _read_methods(module: cst.Module, facts: FileFacts) -> dict[str, list[cst.BaseExpression]]:
    """What reads an attribute without calling it, by the attribute's name."""
    del module
    found: dict[str, list[cst.BaseExpression]] = {}
    for uses in facts.index.uses.values():
        for use in uses:
            if len(use.parts) > 1 and facts.flow.use(use.node).kind is not UseKind.CALLED:
                found.setdefault(use.parts[-1], []).append(use.node)
    return found


def _passed(value: cst.BaseExpression, function: str, facts: FileFacts) -> Iterator[HandOff]:
    """The calls that take ``value``, also through ``functools.partial``, to run it elsewhere."""

    def transfer(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        if isinstance(node, cst.Call) and facts.means(node.func, "functools.partial"):
            return [node.args[0].value]
        return None

    for arrival in facts.flow.reaches(value, transfer).every:
        use = arrival.use
        if is_handed_over(use, facts) and isinstance(use.by, cst.Call) and not arrival.path:
            taker = _taker(use.by, facts)
            assert taker is not None
            yield HandOff(use.by, function, taker.kind)


def is_handed_over(use: Use, facts: FileFacts) -> bool:
    """Whether ``use`` passes a function to what runs it in a thread, a process or a worker."""
    if use.kind is not UseKind.ARGUMENT or not isinstance(use.by, cst.Call):
        return False
    taker = _taker(use.by, facts)
    return taker is not None and use.slot in (taker.keyword, taker.position)


def _taker(call: cst.Call, facts: FileFacts) -> _Taker | None:
    for name in facts.resolve(call.func).names:
        if name in _FUNCTIONS:
            return _FUNCTIONS[name]
    if isinstance(call.func, cst.Attribute):
        taker = _METHODS.get(call.func.attr.value)
        if taker is not None and _imports_any(taker.packages, facts):
            return taker
    return None


def _imports_any(packages: tuple[str, ...], facts: FileFacts) -> bool:
    return any(
        f"{module}.".startswith(f"{package}.")
        for module in facts.imported_modules
        for package in packages
    )


def _decorated(
    definition: cst.FunctionDef | cst.ClassDef, name: str, facts: FileFacts
) -> Iterator[HandOff]:
    for decorator in definition.decorators:
        expression = decorator.decorator
        called = expression.func if isinstance(expression, cst.Call) else expression
        for meaning in facts.resolve(called).names:
            if meaning in _DECORATORS:
                yield HandOff(definition, name, _DECORATORS[meaning])


def _derived(definition: cst.ClassDef, name: str, facts: FileFacts) -> Iterator[HandOff]:
    for base in definition.bases:
        for meaning in facts.resolve(base.value).names:
            if meaning in _RUNNABLE:
                yield HandOff(definition, name, _RUNNABLE[meaning])
