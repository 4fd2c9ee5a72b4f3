"""Where the order of an iterable shows, when that order means nothing.

The flow tells where a listing of files or a set goes. Here stands what keeps its order (``list``,
comprehensions, lists that a loop fills), what destroys it (``sorted``), and what makes it count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_class, enclosing_function
from torchdet.facts.expressions import int_value, last_name
from torchdet.facts.flow.arrivals import Arrival
from torchdet.facts.flow.order import Order
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.model.diagnostic import Confidence
from torchdet.reading.randomness.data_classes import is_dataset
from torchdet.reading.randomness.order_effects import (
    CUT,
    DRAWN,
    INDEXED,
    ITERATED,
    JOINED,
    LAYERS,
    MAYBE_DRAWN,
    NUMBERED,
    PAIRED,
    PICKED,
    RETURNED,
    SPLIT,
    OrderUse,
)
from torchdet.reading.randomness.ordered_loops import (
    DRAW_MODULES,
    left_behind,
    makes_layers,
    reads_of_target,
    stores_number,
)
from torchdet.reading.randomness.sorted_lists import (
    asks_for_len,
    called,
    counted_attributes,
    is_counted,
    sorting_reads,
    sorting_uses,
    sorts,
)
from torchdet.torch_api.random_numbers import INDEX_DRAWS, NUMPY_DRAWS, PYTHON_DRAWS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


# Calls whose value has the elements of their argument in the same order.
_KEEPS_ORDER = frozenset(
    {"list", "tuple", "iter", "reversed", "map", "filter", "tqdm", "chain", "from_iterable", "zip"}
    | {"enumerate", "cycle", "array", "asarray", "track"}
)
_TORCH_JOINS = ("cat", "concat", "stack", "tensor", "vstack", "hstack")
_COUNTS = {
    **{f"torch.{name}": JOINED for name in _TORCH_JOINS},
    **{f"numpy.{name}": JOINED for name in ("concatenate", "stack", "vstack", "hstack")},
    "pandas.concat": JOINED,
    **{
        f"torch.utils.data.{name}": JOINED
        for name in ("ConcatDataset", "ChainDataset", "StackDataset")
    },
    "itertools.islice": CUT,
}
_OWN_ORDER = frozenset({"glob", "iglob", "iterdir", "listdir", "natsorted", "rglob", "sorted"})
_COUNTS_BY_NAME = {
    "train_test_split": SPLIT,
    "random_split": SPLIT,
    "array_split": SPLIT,
}
_SAME_NUMBERS = frozenset({"tolist", "numpy", "cpu", "long", "item"})
_INDEX_DRAWS = frozenset({*INDEX_DRAWS, *NUMPY_DRAWS, *PYTHON_DRAWS})
_DRAW_METHODS = frozenset({"shuffle", "sample", "choice", "choices", "permutation"})


def order_uses(node: cst.BaseExpression, facts: FileFacts) -> tuple[OrderUse, ...]:
    """Where the order of the iterable ``node`` shows, the surest first.

    With a certain one at hand the search ends: there may be more.
    """
    found: dict[OrderUse, None] = {}
    pending = [node]
    seen: set[cst.BaseExpression] = {node}
    while pending:
        effects, further = _explored(pending.pop(), facts)
        found.update((each, None) for each in effects)
        if any(each.confidence is Confidence.CERTAIN for each in effects):
            break
        pending += [each for each in further if each not in seen]
        seen.update(further)
    return tuple(sorted(found, key=lambda use: use.confidence is not Confidence.CERTAIN))


@remembered
def _explored(
    node: cst.BaseExpression, facts: FileFacts
) -> tuple[tuple[OrderUse, ...], tuple[cst.BaseExpression, ...]]:
    """Where the order of ``node`` shows, and what else has its elements in their order."""
    trace = _Trace(facts, node)
    effects = tuple(dict.fromkeys(trace.run()))
    return effects, tuple(trace.further)


class _Trace:
    """Where the order of one expression shows.

    The flow follows the iterable itself. What a loop over it fills, what ``+=`` extends, and who
    receives what a function yields has its elements as well: those are ``further`` places.
    """

    def __init__(self, facts: FileFacts, start: cst.BaseExpression) -> None:
        self._facts = facts
        self._flow = facts.flow
        self._start = start
        self.further: dict[cst.BaseExpression, None] = {}

    def run(self) -> Iterator[OrderUse]:
        """The places, in no order."""
        for arrival in self._flow.reaches(self._start, self._kept_by, self._is_sorted).every:
            if not arrival.path:
                yield from self._step(arrival)

    def _go_on_at(self, nodes: Iterable[cst.BaseExpression]) -> None:
        self.further.update((node, None) for node in nodes)

    # What keeps the order, and what destroys it.

    def _kept_by(self, node: cst.BaseExpression) -> Sequence[cst.BaseExpression] | None:
        """The iterables whose elements ``node`` has in their order."""
        if isinstance(node, cst.Call) and self._keeps_order(node):
            return [arg.value for arg in node.args if not arg.star]
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            return [node.left, node.right]
        if isinstance(node, cst.Subscript) and _is_copy(node):
            return [node.value]
        if isinstance(node, (cst.ListComp, cst.GeneratorExp)):
            return list(_iterables(node))
        return None

    def _keeps_order(self, call: cst.Call) -> bool:
        if last_name(call.func) not in _KEEPS_ORDER:
            return False
        return isinstance(call.func, cst.Name) or len(self._facts.resolve(call.func).names) == 1

    def _is_sorted(self, use: Use) -> bool:
        """Whether ``use`` sorts, pours into a set, or may see what was sorted in place before."""
        if sorts(use) or (use.kind is UseKind.ARGUMENT and last_name(called(use)) == "update"):
            return True
        node = use.node
        places: list[cst.BaseExpression] = []
        if isinstance(node, cst.Name):
            for each in self._flow.definitions(node).definitions:
                places += sorting_uses(each.node, self._facts)
        elif isinstance(node, cst.Attribute):
            owner = self._flow.class_of_self(node.value)
            if owner is not None:
                places += sorting_reads(owner, self._facts).get(node.attr.value, ())
        return any(
            place is not node and self._flow.before(place, node) is not Order.NEVER
            for place in places
        )

    # What makes it count.

    def _step(self, arrival: Arrival) -> Iterator[OrderUse]:
        use = arrival.use
        if isinstance(use.by, cst.Call) and use.kind in (UseKind.ARGUMENT, UseKind.UNPACKED):
            yield from self._argument(use.node, use.by)
        elif use.kind is UseKind.UNPACKED and isinstance(use.by, cst.Assign):
            yield CUT
        elif isinstance(use.by, cst.AugAssign):
            self._go_on_at(reads_of_target(use.by.target, self._facts))
        elif isinstance(use.by, cst.For):
            places, effects = left_behind(use.by, self._facts)
            self._go_on_at(places)
            yield from effects
            if any(isinstance(each, cst.Yield) for each in descendants(use.by.body)):
                yield from self._handed_back(use.by.body, followed=False)
        elif isinstance(use.by, cst.CompFor):
            yield from self._comprehension(use.by)
        elif isinstance(use.by, cst.Subscript) and use.kind is UseKind.SUBSCRIPTED:
            yield from self._subscript(use.by)
        elif use.kind in (UseKind.RETURNED, UseKind.YIELDED):
            yield from self._handed_back(use.node, arrival.followed)

    def _argument(self, node: cst.BaseExpression, call: cst.Call) -> Iterator[OrderUse]:
        """The elements are handed to a function."""
        name = last_name(call.func) or ""
        names = self._facts.resolve(call.func).names
        qualified = names[0] if len(names) == 1 else ""
        arg = self._facts.parent(node)
        known = _COUNTS.get(qualified) or _COUNTS_BY_NAME.get(name)
        if known is not None:
            yield known
        elif self._keeps_order(call):
            if name == "zip" and self._pairs(arg, call):
                yield PAIRED
            if name == "enumerate" and self._numbers(call):
                yield NUMBERED
        elif name in _DRAW_METHODS and call.args[0] is arg:
            if qualified.startswith(DRAW_MODULES):
                yield DRAWN
            elif not qualified and isinstance(call.func, cst.Attribute):
                yield MAYBE_DRAWN
        elif name.lower().endswith(("dataset", "dataloader")) and not self._flow.callees(call):
            yield OrderUse(f"`{name}` receives them in it", Confidence.LIKELY)

    def _pairs(self, arg: cst.CSTNode, call: cst.Call) -> bool:
        """Whether ``zip`` brings others beside the listing that have an order of their own.

        Those are listings too, or sorted. A list made from the elements, or filled in step with
        them, has theirs.
        """
        return isinstance(self._start, cst.Call) and any(
            isinstance(end, cst.Call)
            and end is not self._start
            and last_name(end.func) in _OWN_ORDER
            for each in call.args
            if each is not arg
            for end in self._flow.sources(each.value).expressions
        )

    def _numbers(self, call: cst.Call) -> bool:
        """Whether the numbers of ``enumerate`` end up beside the elements in a dictionary."""
        parent = self._facts.parent(call)
        if isinstance(parent, cst.CompFor):
            comprehension = self._facts.parent(parent)
            if isinstance(comprehension, cst.DictComp):
                return True
            parent = self._facts.parent(comprehension)
        if isinstance(parent, cst.Arg):
            outer = self._facts.parent(parent)
            return isinstance(outer, cst.Call) and self._facts.means(outer.func, "builtins.dict")
        if isinstance(parent, cst.For) and isinstance(parent.target, cst.Tuple):
            first = parent.target.elements[0].value
            return isinstance(first, cst.Name) and stores_number(parent.body, {first.value})
        return False

    def _comprehension(self, clause: cst.CompFor) -> Iterator[OrderUse]:
        comprehension: cst.CSTNode = clause
        while isinstance(comprehension, cst.CompFor):
            comprehension = self._facts.parent(comprehension)
        if isinstance(comprehension, cst.DictComp) and makes_layers(
            comprehension.value, self._facts
        ):
            yield LAYERS

    def _subscript(self, subscript: cst.Subscript) -> Iterator[OrderUse]:
        """One element, or some, by position."""
        index = subscript.slice[0].slice
        if isinstance(index, cst.Slice):
            if not _is_copy(subscript):
                yield CUT
        elif isinstance(index, cst.Index) and int_value(index.value) is not None:
            if not self._is_alone(subscript):
                yield PICKED
        elif self._in_dataset(subscript, "__getitem__"):
            yield INDEXED
        elif isinstance(index, cst.Index) and self._is_drawn(index.value):
            yield DRAWN

    def _is_drawn(self, index: cst.BaseExpression) -> bool:
        """Whether an index comes from a random permutation or sample of indices."""

        def transfer(node: cst.BaseExpression) -> Sequence[cst.BaseExpression] | None:
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
                return [node.func.value] if node.func.attr.value in _SAME_NUMBERS else None
            if isinstance(node, cst.Subscript) and isinstance(node.slice[0].slice, cst.Slice):
                return [node.value]
            return None

        return any(
            isinstance(end.node, cst.Call)
            and not _INDEX_DRAWS.isdisjoint(self._facts.resolve(end.node.func).names)
            for end in self._flow.sources(index, transfer).every
        )

    def _is_alone(self, subscript: cst.Subscript) -> bool:
        """Whether any element would do, or there is but one.

        ``os.listdir(d)[0]`` says that one is there; code that asks for ``len(files)`` knows how
        many; an assertion about ``files[0]`` is one about all.
        """
        value = subscript.value
        counted = False
        if isinstance(value, cst.Name):
            definitions = self._flow.definitions(value).definitions
            counted = any(is_counted(each.node, self._facts) for each in definitions)
        elif isinstance(value, cst.Attribute):
            owner = self._flow.class_of_self(value.value)
            name = value.attr.value
            counted = owner is not None and name in counted_attributes(owner, self._facts)
        else:
            return True
        return (
            counted
            or any(isinstance(above, cst.Assert) for above in self._facts.ancestors(subscript))
            or any(
                asks_for_len(each.test, self._facts) for each in self._flow.conditions(subscript)
            )
        )

    def _in_dataset(self, node: cst.CSTNode, method: str) -> bool:
        function = enclosing_function(node, self._facts)
        owner = enclosing_class(node, self._facts)
        if function is None or owner is None or function.name.value != method:
            return False
        return method == "__getitem__" or is_dataset(owner, self._facts) is not None

    def _handed_back(self, node: cst.CSTNode, followed: bool) -> Iterator[OrderUse]:
        """The function around ``node`` returns or yields the elements."""
        function = enclosing_function(node, self._facts)
        if self._in_dataset(node, "__iter__"):
            yield ITERATED
        elif function is not None:
            calls = self._flow.callers(function).calls
            self._go_on_at(calls)
            if not calls and not followed:
                yield RETURNED


def _iterables(node: cst.ListComp | cst.GeneratorExp) -> Iterator[cst.BaseExpression]:
    clause: cst.CompFor | None = node.for_in
    while clause is not None:
        yield clause.iter
        clause = clause.inner_for_in


def _is_copy(subscript: cst.Subscript) -> bool:
    """Whether it is ``x[:]``, or a slice that only has a step."""
    index = subscript.slice[0].slice
    return isinstance(index, cst.Slice) and index.lower is None and index.upper is None
