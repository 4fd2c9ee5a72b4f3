"""Draws from the global generators of Python and NumPy, in programs that never seed them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, has_unpacking, is_constant
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.findings.arguments_screen import is_seedless
from torchdet.findings.base import Draft
from torchdet.findings.screen import FileScreen
from torchdet.model.diagnostic import Confidence
from torchdet.reading.context import Context, Place, Reference
from torchdet.reading.randomness.library_objects import is_made_by
from torchdet.reading.randomness.number_uses import is_beside_results
from torchdet.reading.randomness.program import (
    Lack,
    Unseeded,
    block_name,
    program,
    program_of,
)
from torchdet.reading.randomness.program_start import starts_program
from torchdet.reading.randomness.reached_code import RUN_BY_LOADERS
from torchdet.torch_api.random_numbers import (
    Drawing,
    Stream,
    drawn_stream,
    library_draws_by_method,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.screen import Outline

STARTS = (
    *(b"__main__", b"def main", b"click", b"typer", b"hydra", b"backward("),
    *(b"main(", b"fit(", b"learn(", b"train("),
)
"""Without one of these, and without a draw of its own, a file starts no program that draws."""

_GENERATORS = {Stream.PYTHON: "Python's global generator", Stream.NUMPY: "NumPy's global generator"}


def draws_unseeded(
    stream: Stream, seedless: Iterable[str], methods: Iterable[str] = ()
) -> FileScreen:
    """The screen of a rule on programs that draw from ``stream``, which nothing seeds.

    It also looks at calls of ``seedless`` without a seed, and at draws by ``methods``.
    """
    made = frozenset(seedless)
    drawing = frozenset(methods)

    def may_report(outline: Outline, place: Place) -> bool:
        calls = (mention for each in outline.references(made).values() for mention in each)
        if any(map(is_seedless, calls)):
            return True
        start = program_of(outline.source.text, place)
        if start.unseeded_draws(stream) is not None:
            return True
        if drawing.isdisjoint(outline.attributes) or not start.entries:
            return False
        return start.is_to_repeat and start.unseeded(stream) is not None

    return may_report


def check_draw(
    reference: Reference, stream: Stream, remedy: str, context: Context
) -> Iterator[Draft]:
    """The first draw from ``stream``, which the program never seeds, where its own file draws.

    One draw stands for all: they have one remedy.
    """
    start = program(context)
    found = start.unseeded_draws(stream)
    if found is None or not _draws_by_function(stream, context):
        return
    own = {(each.block, each.function) for each in found.draws if each.module == start.name}
    calls = _drawing_calls(context.facts.module, context.facts)
    first = next((each for each in calls if (each.block, each.function) in own), None)
    if first is not None and first.called is reference.node:
        yield _draft(first.called, f"`{first.function}`", stream, found.unseeded, remedy)


def check_method(
    node: cst.Attribute, stream: Stream, remedy: str, context: Context
) -> Iterator[Draft]:
    """The first draw by a method of a library's object, where the file draws by no function."""
    drawing = _drawing_of_method(node, context)
    if drawing is None or drawing.stream is not stream or _draws_by_function(stream, context):
        return
    if node is not next(_drawing_methods(stream, context), None):
        return
    start = program(context)
    unseeded = start.unseeded(stream) if start.entries and start.is_to_repeat else None
    if unseeded is not None:
        remedy = f"pass `{drawing.keywords[0]}=`, {remedy}"
        yield _draft(node, f"`{node.attr.value}`", stream, unseeded, remedy)


def check_start(
    node: cst.CSTNode, stream: Stream, remedy: str, context: Context
) -> Iterator[Draft]:
    """Where the program starts, if only other modules of the project draw from ``stream``."""
    start = starts_program(node, context)
    found = program(context).unseeded_draws(stream) if start is not None else None
    if start is None or found is None or _draws_by_function(stream, context):
        return
    if next(_drawing_methods(stream, context), None) is None:
        draw = found.draws[0]
        drawn = f"`{draw.function}` (in `{draw.module}`)"
        yield _draft(start, drawn, stream, found.unseeded, remedy)


def _draws_by_function(stream: Stream, context: Context) -> bool:
    """Whether the file itself draws, by a function, what nothing seeds."""
    found = program(context).unseeded_draws(stream)
    return found is not None and found.draws[0].module == program(context).name


def _drawing_methods(stream: Stream, context: Context) -> Iterator[cst.Attribute]:
    """The methods of libraries' objects by which the program draws in its own file."""
    facts = context.facts
    for name in library_draws_by_method():
        for method in facts.index.attributes.get(name, ()):
            known = _drawing_of_method(method, context)
            if known is not None and known.stream is stream and _counts(method, known, context):
                yield method


def _drawing_of_method(method: cst.Attribute, context: Context) -> Drawing | None:
    """What a call of ``method`` draws from, if its object is one of a library that has it."""
    facts = context.facts
    by_package = library_draws_by_method().get(method.attr.value, {})
    imported = {name.partition(".")[0] for name in facts.imported_modules}
    for package in sorted(imported.intersection(by_package)):
        if is_made_by(package)(method.value, facts):
            return by_package[package]
    return None


def _counts(method: cst.Attribute, drawing: Drawing, context: Context) -> bool:
    """Whether ``method`` is called, when the program runs, for numbers that can matter."""
    facts = context.facts
    call = facts.parent(method)
    if not isinstance(call, cst.Call) or call.func is not method or has_unpacking(call):
        return False
    block = block_name(method, facts)
    if block not in program(context).reached or block.rpartition(".")[2] in RUN_BY_LOADERS:
        return False
    seeds = [
        argument(call, keyword, None if index else drawing.position)
        for index, keyword in enumerate(drawing.keywords)
    ]
    if any(each is not None and not is_constant(each.value, "None") for each in seeds):
        return False
    flag = argument(call, drawing.flag) if drawing.flag else None
    draws = drawing.flag_default if flag is None else is_constant(flag.value, "True")
    return draws and not is_beside_results(call, facts)


@dataclass(frozen=True, slots=True)
class _DrawingCall:
    """A call of ``function`` in a block of the program; ``called`` is what the call calls."""

    block: str
    function: str
    called: cst.BaseExpression


@remembered
def _drawing_calls(module: cst.Module, facts: FileFacts) -> tuple[_DrawingCall, ...]:
    """The calls of the file that draw for its results, in the order of the text."""
    return tuple(
        _DrawingCall(block_name(node.func, facts), name, node.func)
        for node in descendants(module)
        if isinstance(node, cst.Call)
        for name in facts.resolve(node.func).names
        if drawn_stream(name) is not None and not is_beside_results(node, facts)
    )


def _draft(node: cst.CSTNode, drawn: str, stream: Stream, unseeded: Unseeded, remedy: str) -> Draft:
    if unseeded.lack is Lack.OPTION:
        lack = f"which this program seeds only where `{unseeded.option}` is given"
    elif unseeded.lack is Lack.PARENT:
        lack = "which this program seeds only in the process that starts the others"
    else:
        lack = "which nothing seeds in this program"
    return Draft(
        node,
        f"{drawn} draws from {_GENERATORS[stream]}, {lack}; {remedy}",
        confidence=Confidence.LIKELY,
    )
