"""Seeding of the accelerators beside seeding of torch, which seeds them all by itself.

``torch.manual_seed`` seeds the CPU and every accelerator, so that ``torch.cuda.manual_seed_all``
with the same seed beside it does nothing more. Where Python's and NumPy's generators get the same
seed there as well, all four together are ``rt.manual_seed``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import Delete, NodeEdit, Replace
from torchdet.facts.expressions import int_value
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind
from torchdet.reading.devices.probes import is_probe
from torchdet.torch_api.random_numbers import ACCELERATOR_SEEDERS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_TORCH_SEED = "torch.manual_seed"
_OTHER_SEEDS = ("random.seed", "numpy.random.seed")

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


def collapsed_seeding(call: cst.Call, handle: str, facts: FileFacts) -> tuple[NodeEdit, ...] | None:
    """The edits that leave one call to seed with, for a call of ``torch.cuda.manual_seed_all``.

    None where no ``torch.manual_seed`` with the same seed stands beside it.
    """
    own = _statement_of(call, facts)
    seed = _seed(call, facts)
    if own is None or seed is None:
        return None
    beside = list(_beside(own, facts))
    torch_calls = [each for each in beside if _is_seeding(each, (_TORCH_SEED,), seed, facts)]
    if not torch_calls:
        return None
    others = {
        name: [each for each in beside if _is_seeding(each, (name,), seed, facts)]
        for name in _OTHER_SEEDS
    }
    if len(torch_calls) == 1 and all(len(found) == 1 for found in others.values()):
        calls = [found[0] for found in others.values()]
        if _is_integer(call.args[0].value, facts) and all(
            _is_needed_elsewhere(each, facts) for each in calls
        ):
            deleted = tuple(Delete(facts.parent(facts.parent(each))) for each in calls)
            return (Replace(torch_calls[0].func, f"{handle}.manual_seed"), *deleted, Delete(own))
    return (Delete(own),)


def _statement_of(call: cst.Call, facts: FileFacts) -> Statement | None:
    """The row that is nothing but ``call``, or the ``if`` that only asks for CUDA around it."""
    expression = facts.parent(call)
    row = facts.parent(expression)
    if not isinstance(expression, cst.Expr) or not isinstance(row, cst.SimpleStatementLine):
        return None
    if len(row.body) != 1:
        return None
    block = facts.parent(row)
    around = None if isinstance(block, cst.Module) else facts.parent(block)
    if isinstance(around, cst.If) and around.orelse is None and len(around.body.body) == 1:
        outer = facts.parent(around)
        is_elif = isinstance(outer, cst.If) and outer.orelse is around
        if is_probe(around.test, facts) and not is_elif:
            return around
    return row


def _seed(call: cst.Call, facts: FileFacts) -> str | None:
    """The code of the only argument, if it is a name, an attribute or a number."""
    if len(call.args) != 1 or call.args[0].star:
        return None
    value = call.args[0].value
    plain = isinstance(value, (cst.Name, cst.Attribute)) or int_value(value) is not None
    return facts.code(value) if plain else None


def _beside(own: Statement, facts: FileFacts) -> Iterator[cst.Call]:
    """The calls in the rows around ``own`` between which nothing else happens than settings."""
    block = facts.parent(own)
    if not isinstance(block, (cst.Module, cst.IndentedBlock)):
        return
    index = next(i for i, each in enumerate(block.body) if each is own)
    for rows in (reversed(block.body[:index]), block.body[index + 1 :]):
        for row in rows:
            if not isinstance(row, cst.SimpleStatementLine) or len(row.body) != 1:
                if _only_seeds(row, facts):
                    continue
                break
            small = row.body[0]
            if isinstance(small, cst.Expr) and isinstance(small.value, cst.Call):
                if not _seeds(small.value, facts):
                    break
                yield small.value
            elif not _is_setting(small):
                break


def _only_seeds(row: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``row`` is an ``if`` with nothing in it but calls that seed."""
    if not isinstance(row, cst.If) or row.orelse is not None:
        return False
    return all(
        isinstance(line, cst.SimpleStatementLine)
        and all(
            isinstance(small, cst.Expr)
            and isinstance(small.value, cst.Call)
            and _seeds(small.value, facts)
            for small in line.body
        )
        for line in row.body.body
    )


def _seeds(call: cst.Call, facts: FileFacts) -> bool:
    names = (_TORCH_SEED, *_OTHER_SEEDS, *ACCELERATOR_SEEDERS)
    return facts.means(call.func, *names)


def _is_setting(small: cst.BaseSmallStatement) -> bool:
    """Whether a statement sets an attribute or an item: a flag, an environment variable."""
    return isinstance(small, cst.Assign) and all(
        isinstance(each.target, (cst.Attribute, cst.Subscript)) for each in small.targets
    )


def _is_seeding(call: cst.Call, names: tuple[str, ...], seed: str, facts: FileFacts) -> bool:
    return facts.means(call.func, *names) and _seed(call, facts) == seed


def _is_integer(value: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a seed is certainly an ``int``, which is all that the handle takes."""
    if int_value(value) is not None:
        return True
    bindings = facts.bindings(value) if isinstance(value, cst.Name) else []
    return len(bindings) == 1 and (
        int_value(bindings[0].value) is not None
        if bindings[0].kind is BindingKind.ASSIGNMENT
        else bindings[0].annotation is not None
        and facts.means(bindings[0].annotation, "builtins.int")
    )


def _is_needed_elsewhere(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the module that ``call`` seeds is used elsewhere, so that its import is needed."""
    root: cst.BaseExpression = call.func
    while isinstance(root, cst.Attribute):
        root = root.value
    if not isinstance(root, cst.Name):
        return False
    uses = [use for use in facts.uses_of(root.value, facts.scope(root)) if len(use.parts) > 1]
    return len(uses) > 1
