"""Draws from the global generators of Python and NumPy, in programs that never seed them."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.expressions import argument, has_unpacking, is_constant
from torchdet.facts.lazy import cst
from torchdet.reading.context import Context
from torchdet.reading.randomness.library_objects import is_made_by
from torchdet.reading.randomness.number_uses import is_beside_results
from torchdet.reading.randomness.program import block_name, program
from torchdet.torch_api.random_numbers import (
    Drawing,
    Stream,
    library_draws,
    library_draws_by_method,
)

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
    if not start.entries or next(_draws(names, stream, context), None) is not node:
        return False
    return start.unseeded(stream) is not None and start.is_to_repeat


def _draws(names: frozenset[str], stream: Stream, context: Context) -> Iterator[cst.CSTNode]:
    """The calls' functions, in the order of the text for each name that leads to them.

    Methods of the objects of libraries come last.
    """
    facts = context.facts
    for uses in facts.index.uses.values():
        for use in uses:
            resolution = facts.resolver.use(use)
            drawing = resolution.names and all(name in names for name in resolution.names)
            if drawing and _counts(use.node, library_draws().get(resolution.names[0]), context):
                yield use.node
    for name in library_draws_by_method():
        for method in facts.index.attributes.get(name, ()):
            known = drawing_of_method(method, context)
            if known is not None and known.stream is stream and _counts(method, known, context):
                yield method


def drawing_of_method(method: cst.Attribute, context: Context) -> Drawing | None:
    """What a call of ``method`` draws from, if its object is one of a library that has it."""
    facts = context.facts
    by_package = library_draws_by_method().get(method.attr.value, {})
    imported = {name.partition(".")[0] for name in facts.imported_modules}
    for package in sorted(imported.intersection(by_package)):
        if is_made_by(package)(method.value, facts):
            return by_package[package]
    return None


def _counts(node: cst.CSTNode, drawing: Drawing | None, context: Context) -> bool:
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
    return drawing is None or _draws_from_process(call, drawing)


def _draws_from_process(call: cst.Call, drawing: Drawing) -> bool:
    """Whether a call of a library's function gets no seed of its own, and is to draw at all."""
    if has_unpacking(call):
        return False
    seeds = [
        argument(call, keyword, None if index else drawing.position)
        for index, keyword in enumerate(drawing.keywords)
    ]
    if any(each is not None and not is_constant(each.value, "None") for each in seeds):
        return False
    flag = argument(call, drawing.flag) if drawing.flag else None
    if flag is None:
        return drawing.flag_default
    return is_constant(flag.value, "True")
