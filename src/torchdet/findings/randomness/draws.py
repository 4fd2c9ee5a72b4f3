"""Draws from the global generators of Python and NumPy, in programs that never seed them."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.expressions import argument, has_unpacking, is_constant
from torchdet.facts.lazy import cst
from torchdet.reading.context import Context
from torchdet.reading.randomness.number_uses import is_beside_results
from torchdet.reading.randomness.program import block_name, program
from torchdet.torch_api.random_numbers import Drawing, Stream, library_draws

# What torch's workers run has their seed by then.
_RUN_BY_LOADERS = ("__getitem__", "__getitems__", "__iter__", "__next__", "__call__", "collate")


def is_first_unseeded_draw(
    node: cst.CSTNode, names: frozenset[str], stream: Stream, context: Context
) -> bool:
    """Whether ``node`` is the first draw from ``stream`` that the program of the file runs.

    ``names`` are the functions that draw. One draw stands for all: they have one remedy. False
    where something seeds the stream, where the file starts no program, and where that program is
    not meant to be repeated.
    """
    start = program(context)
    if not start.entries or next(_draws(names, context), None) is not node:
        return False
    return start.unseeded(stream) is not None and start.is_to_repeat


def _draws(names: frozenset[str], context: Context) -> Iterator[cst.CSTNode]:
    """The calls' functions, in the order of the text for each name that leads to them."""
    facts = context.facts
    for uses in facts.index.uses.values():
        for use in uses:
            resolution = facts.resolver.use(use)
            drawing = resolution.names and all(name in names for name in resolution.names)
            if drawing and _counts(use.node, context):
                yield use.node


def _counts(node: cst.CSTNode, context: Context) -> bool:
    """Whether ``node`` is called, when the program runs, for a number that can matter."""
    facts = context.facts
    call = facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node:
        return False
    name = block_name(node, context.facts)
    if name not in program(context).reached or name.rpartition(".")[2] in _RUN_BY_LOADERS:
        return False
    if is_beside_results(call, facts) or facts.under_type_checking(node):
        return False
    drawing = library_draws().get(facts.resolve(node).names[0])
    return drawing is None or _draws_from_process(call, drawing)


def _draws_from_process(call: cst.Call, drawing: Drawing) -> bool:
    """Whether a call of a library's function gets no seed of its own, and is to draw at all."""
    if has_unpacking(call):
        return False
    seed = argument(call, drawing.keyword)
    if seed is not None and not is_constant(seed.value, "None"):
        return False
    flag = argument(call, drawing.flag) if drawing.flag else None
    if flag is None:
        return drawing.flag_default
    return is_constant(flag.value, "True")
