"""Functions that a `DataLoader` runs once in each of its workers, and how they seed."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.model.diagnostic import Confidence

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_SLOT = "worker_init_fn"
_NAMED = re.compile(r"worker_?init|init_?worker|seed_?worker|worker_?seed", re.IGNORECASE)
_COUNTS_ON = re.compile(r"epoch|iteration|step|rank", re.IGNORECASE)
_CONVERTS = ("builtins.int", "builtins.abs", "numpy.uint32", "numpy.int64")
_WORKER_INFO = (
    "torch.utils.data.get_worker_info",
    "torch.utils.data._utils.worker.get_worker_info",
)
_STATES = ("numpy.random.get_state", "random.getstate", "torch.get_rng_state")


class Repeated(Enum):
    """How the seed of a worker repeats."""

    CONSTANT = "every worker gets the same seed, in each epoch"
    NUMBER = "each epoch, each rank and each run gives a worker the seed that its number is"
    STATE = (
        "torch seeds NumPy in each worker with an array, after which this word of the state is the "
        "same for every seed: a worker gets the same seed in each epoch and run"
    )


def runs_in_workers(function: cst.FunctionDef | cst.Lambda, facts: FileFacts) -> Confidence | None:
    """Whether a loader runs the function in its workers: certain when the file passes it to one."""
    if _is_passed(function, facts):
        return Confidence.CERTAIN
    if not isinstance(function, cst.FunctionDef) or _NAMED.search(function.name.value) is None:
        return None
    return Confidence.LIKELY if worker_number(function) is not None else None


def worker_number(function: cst.FunctionDef | cst.Lambda) -> cst.Param | None:
    """The parameter that gets the worker's number: the one that says so, or else the only one."""
    params = [each for each in function.params.params if each.name.value not in {"self", "cls"}]
    named = (each for each in params if "worker" in each.name.value or each.name.value == "wid")
    return next(named, params[0] if len(params) == 1 else None)


@remembered
def _is_passed(function: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the function, or what ``partial`` makes of it, comes to ``worker_init_fn=``."""
    if isinstance(function, cst.Lambda):
        starts: list[cst.BaseExpression] = [function]
    else:
        definition = facts.flow.definition(function)
        uses = facts.flow.uses(definition) if definition is not None else ()
        starts = [each.node for each in uses if each.kind is not UseKind.CALLED]

    def transfer(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        if isinstance(node, cst.Call) and facts.means(node.func, "functools.partial"):
            return [node.args[0].value]
        return None

    return any(
        arrival.use.kind is UseKind.ARGUMENT and arrival.use.slot == _SLOT
        for start in starts
        for arrival in facts.flow.reaches(start, transfer).every
    )


def repeated_seed(
    seed: cst.BaseExpression, function: cst.FunctionDef | cst.Lambda, facts: FileFacts
) -> Repeated | None:
    """How ``seed``, which the function of a worker seeds with, repeats; None where it may not."""
    leaves = _leaves(seed, function, facts)
    if leaves is None:
        return None
    if any(_is_state(each, facts) for each in leaves):
        return Repeated.STATE
    number = worker_number(function)
    by_number = [each for each in leaves if number is not None and each is number]
    others = [each for each in leaves if each is not number]
    if not by_number:
        return Repeated.CONSTANT
    literals = all(isinstance(each, cst.Integer) for each in others)
    return Repeated.NUMBER if literals else None


def is_number_of_worker(seed: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``seed`` is nothing but ``get_worker_info().id``, with literals added to it."""

    def transfer(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        return [node.left, node.right] if isinstance(node, cst.BinaryOperation) else None

    sources = facts.flow.sources(seed, transfer)
    ends = [each.expression for each in sources.every]
    others = [each for each in ends if not isinstance(each, cst.Integer)]
    return bool(others) and all(_is_id_of_info(each, facts) for each in others)


def _is_id_of_info(node: cst.BaseExpression | None, facts: FileFacts) -> bool:
    if not isinstance(node, cst.Attribute) or node.attr.value != "id":
        return False
    made = [
        each.expression
        for each in facts.flow.sources(node.value).every
        if not is_constant(each.node, "None")
    ]
    return bool(made) and all(
        isinstance(each, cst.Call) and facts.means(each.func, *_WORKER_INFO) for each in made
    )


def _is_state(node: cst.CSTNode, facts: FileFacts) -> bool:
    return isinstance(node, cst.Call) and facts.means(node.func, *_STATES)


def _leaves(
    seed: cst.BaseExpression, function: cst.FunctionDef | cst.Lambda, facts: FileFacts
) -> list[cst.CSTNode] | None:
    """The numbers, parameters, outer variables and states that ``seed`` is computed from.

    None where a call or a name that counts something may give each epoch another one.
    """
    found: list[cst.CSTNode] = []
    pending: list[cst.CSTNode] = [seed]
    seen: set[cst.CSTNode] = set()
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        further = _operands(node, facts)
        if further is None and isinstance(node, cst.Name):
            further = _meanings(node, function, facts)
        if further is None:
            return None
        if further == [node]:
            found.append(node)
        pending += further
    return found


def _operands(node: cst.CSTNode, facts: FileFacts) -> list[cst.CSTNode] | None:
    """What ``node`` is computed from, itself for what is a number by itself; None for others."""
    if isinstance(node, (cst.Integer, cst.Param)) or _is_state(node, facts):
        return [node]
    if isinstance(node, cst.BinaryOperation):
        return [node.left, node.right]
    if isinstance(node, cst.Subscript):
        return [node.value]
    if isinstance(node, cst.UnaryOperation):
        return [node.expression]
    if isinstance(node, cst.Call) and facts.means(node.func, *_CONVERTS):
        return [each.value for each in node.args]
    if isinstance(node, cst.Attribute) and _COUNTS_ON.search(node.attr.value) is None:
        known = facts.resolve(node).names
        return [node.value] if isinstance(node.value, cst.Name) and not known else None
    return None


def _meanings(
    name: cst.Name, function: cst.FunctionDef | cst.Lambda, facts: FileFacts
) -> list[cst.CSTNode] | None:
    """What a name stands for in the function: what it is assigned there, or else itself."""
    if _COUNTS_ON.search(name.value) is not None:
        return None
    found: list[cst.CSTNode] = []
    for each in facts.flow.definitions(name).definitions:
        if function not in facts.ancestors(each.node):
            found.append(name)
        elif isinstance(each.node, cst.Param):
            found.append(each.node)
        elif each.value is not None and not each.path:
            found.append(each.value)
        else:
            return None
    return list(dict.fromkeys(found)) or [name]
