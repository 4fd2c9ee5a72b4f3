"""Where the order of an iterable shows, when that order means nothing.

Starting at a listing of files or at a set, the trace follows names, attributes of ``self``, lists
that a loop fills, what local functions return and the parameters they receive. It ends where the
order is destroyed or does not matter (``sorted``, ``len``, ``in``, a loop that only deletes) and
at the places that make it count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import int_value, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class, enclosing_function
from torchdet.facts.origins import origins
from torchdet.facts.walk import descendants
from torchdet.model.diagnostic import Confidence
from torchdet.reading.randomness.data_classes import is_dataset
from torchdet.reading.randomness.value_flow import ValueFlow

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class OrderUse:
    """A place where the order shows: ``effect`` says how, with "they" for the elements."""

    effect: str
    confidence: Confidence


_NUMBERED = OrderUse("they are numbered in it", Confidence.CERTAIN)
_INDEXED = OrderUse("a data set reads them by index", Confidence.CERTAIN)
_ITERATED = OrderUse("a data set yields them in it", Confidence.CERTAIN)
_JOINED = OrderUse("they are put together in it", Confidence.CERTAIN)
_SPLIT = OrderUse("they are split by it", Confidence.CERTAIN)
_DRAWN = OrderUse("a random draw from them depends on it, seeded or not", Confidence.CERTAIN)
_MAYBE_DRAWN = OrderUse(_DRAWN.effect, Confidence.LIKELY)
_PAIRED = OrderUse("they are paired by position", Confidence.LIKELY)
_CUT = OrderUse("some are taken by position", Confidence.LIKELY)
_LAYERS = OrderUse("layers are made in it", Confidence.LIKELY)
_DRAWS = OrderUse("each of them gets the next random numbers", Confidence.LIKELY)
PICKED = OrderUse("one is picked by its position", Confidence.LIKELY)
RETURNED = OrderUse("the caller receives them in it", Confidence.LIKELY)

# Calls whose value has the elements of their argument in the same order.
_KEEPS_ORDER = frozenset(
    {"list", "tuple", "iter", "reversed", "map", "filter", "tqdm", "chain", "from_iterable", "zip"}
    | {"enumerate", "cycle", "array", "asarray", "track"}
)
_TORCH_JOINS = ("cat", "concat", "stack", "tensor", "vstack", "hstack")
_COUNTS = {
    **{f"torch.{name}": _JOINED for name in _TORCH_JOINS},
    **{f"numpy.{name}": _JOINED for name in ("concatenate", "stack", "vstack", "hstack")},
    "pandas.concat": _JOINED,
    **{
        f"torch.utils.data.{name}": _JOINED
        for name in ("ConcatDataset", "ChainDataset", "StackDataset")
    },
    "itertools.islice": _CUT,
}
_OWN_ORDER = frozenset({"glob", "iglob", "iterdir", "listdir", "natsorted", "rglob", "sorted"})
_COUNTS_BY_NAME = {
    "train_test_split": _SPLIT,
    "random_split": _SPLIT,
    "array_split": _SPLIT,
}
_DRAW_METHODS = frozenset({"shuffle", "sample", "choice", "choices", "permutation"})
_DRAW_MODULES = ("random.", "numpy.random.")
_TORCH_DRAWS = tuple(f"torch.{name}" for name in ("rand", "normal", "bernoulli", "nn.init."))


def order_uses(node: cst.BaseExpression, facts: FileFacts) -> tuple[OrderUse, ...]:
    """Where the order of the iterable ``node`` shows, the surest first."""
    found = dict.fromkeys(_Trace(facts, _is_sorted).run(node))
    return tuple(sorted(found, key=lambda use: use.confidence is not Confidence.CERTAIN))


class _Trace(ValueFlow):
    """One search for where an order shows."""

    def run(self, node: cst.BaseExpression) -> Iterator[OrderUse]:
        self._start = node
        self.follow(node)
        for pending in self.pending():
            yield from self._step(pending)

    def _step(self, node: cst.BaseExpression) -> Iterator[OrderUse]:
        parent = self.facts.parent(node)
        if isinstance(parent, cst.Arg):
            call = self.facts.parent(parent)
            if isinstance(call, cst.Call):
                yield from self._argument(parent, call)
        elif isinstance(parent, cst.For) and parent.iter is node:
            yield from self._loop(parent)
        elif isinstance(parent, cst.CompFor) and parent.iter is node:
            yield from self._comprehension(parent)
        elif isinstance(parent, cst.Subscript) and parent.value is node:
            yield from self._subscript(parent)
        elif isinstance(parent, (cst.Return, cst.Yield, cst.From)):
            yield from self._handed_back(parent)
        else:
            yield from self._stored(node, parent)

    def _stored(self, node: cst.BaseExpression, parent: cst.CSTNode) -> Iterator[OrderUse]:
        """A name, an attribute or a larger expression has the elements now."""
        if isinstance(parent, cst.Assign):
            for target in parent.targets:
                yield from self._assigned(target.target)
        elif isinstance(parent, (cst.AnnAssign, cst.AugAssign)) and parent.value is node:
            yield from self._assigned(parent.target)
        elif isinstance(parent, cst.NamedExpr) and parent.value is node:
            yield from self._assigned(parent.target)
            self.follow(parent)
        elif isinstance(parent, cst.AsName) or (
            isinstance(parent, cst.WithItem) and parent.asname is not None
        ):
            asname = parent.asname if isinstance(parent, cst.WithItem) else parent
            if asname is not None:
                yield from self._assigned(asname.name)
        elif isinstance(parent, cst.StarredElement):
            owner = self.facts.parent(parent)
            if isinstance(owner, (cst.List, cst.Tuple)):
                self.follow(owner)
        elif self._larger(node, parent) and isinstance(parent, cst.BaseExpression):
            self.follow(parent)

    @staticmethod
    def _larger(node: cst.BaseExpression, parent: cst.CSTNode) -> bool:
        """Whether ``parent`` is an expression that has the elements of ``node`` in their order."""
        if isinstance(parent, cst.BinaryOperation):
            return isinstance(parent.operator, cst.Add)
        if isinstance(parent, cst.IfExp):
            return parent.test is not node
        return isinstance(parent, cst.BooleanOperation)

    def _assigned(self, target: cst.CSTNode) -> Iterator[OrderUse]:
        """Go on with all that is done with what was assigned, where nothing sorts it."""
        if isinstance(target, cst.Tuple) and len(target.elements) > 1:
            yield _CUT
        elif not self._becomes_sorted(target):
            self.follow_target(target)

    def _becomes_sorted(self, target: cst.CSTNode) -> bool:
        """Whether the same name is also given a value that was sorted."""
        if not isinstance(target, cst.Name):
            return False
        values = (binding.value for binding in self.facts.bindings(target))
        return any(
            isinstance(value, cst.Call) and "sort" in (last_name(value.func) or "").lower()
            for value in values
        )

    def _argument(self, arg: cst.Arg, call: cst.Call) -> Iterator[OrderUse]:
        """The elements are handed to a function."""
        name = last_name(call.func) or ""
        names = self.facts.resolve(call.func).names
        qualified = names[0] if len(names) == 1 else ""
        known = _COUNTS.get(qualified) or _COUNTS_BY_NAME.get(name)
        if "sort" in name.lower():
            return
        if known is not None:
            yield known
        elif name == "extend" and isinstance(call.func, cst.Attribute):
            yield from self._assigned(call.func.value)
        elif name in _KEEPS_ORDER and (qualified or isinstance(call.func, cst.Name)):
            yield from self._kept(arg, call, name)
        elif name in _DRAW_METHODS and call.args[0] is arg:
            if qualified.startswith(_DRAW_MODULES):
                yield _DRAWN
            elif not qualified and isinstance(call.func, cst.Attribute):
                yield _MAYBE_DRAWN
        else:
            yield from self._handed_on(arg, call, name)

    def _kept(self, arg: cst.Arg, call: cst.Call, name: str) -> Iterator[OrderUse]:
        """``call`` has the elements in the same order."""
        if name == "zip" and self._pairs(arg, call):
            yield _PAIRED
        if name == "enumerate" and self._numbers(call):
            yield _NUMBERED
        self.follow(call)

    def _handed_on(self, arg: cst.Arg, call: cst.Call, name: str) -> Iterator[OrderUse]:
        received = self.follow_parameter(arg, call)
        if not received and name.lower().endswith(("dataset", "dataloader")):
            yield OrderUse(f"`{name}` receives them in it", Confidence.LIKELY)

    def _pairs(self, arg: cst.Arg, call: cst.Call) -> bool:
        """Whether ``zip`` brings others beside the elements that have an order of their own.

        Those are listings too, or sorted. A list made from the elements, or filled in step with
        them, has theirs.
        """
        return any(
            isinstance(end, cst.Call)
            and end is not self._start
            and last_name(end.func) in _OWN_ORDER
            for each in call.args
            if each is not arg
            for end in origins(each.value, self.facts).expressions
        )

    def _numbers(self, call: cst.Call) -> bool:
        """Whether the numbers of ``enumerate`` end up beside the elements in a dictionary."""
        parent = self.facts.parent(call)
        if isinstance(parent, cst.CompFor):
            comprehension = self.facts.parent(parent)
            if isinstance(comprehension, cst.DictComp):
                return True
            parent = self.facts.parent(comprehension)
        if isinstance(parent, cst.Arg):
            outer = self.facts.parent(parent)
            return isinstance(outer, cst.Call) and self.facts.means(outer.func, "builtins.dict")
        if isinstance(parent, cst.For) and isinstance(parent.target, cst.Tuple):
            first = parent.target.elements[0].value
            return isinstance(first, cst.Name) and _stores_number(parent.body, {first.value})
        return False

    def _comprehension(self, clause: cst.CompFor) -> Iterator[OrderUse]:
        comprehension: cst.CSTNode = clause
        while isinstance(comprehension, cst.CompFor):
            comprehension = self.facts.parent(comprehension)
        if isinstance(comprehension, (cst.ListComp, cst.GeneratorExp)):
            self.follow(comprehension)
        elif isinstance(comprehension, cst.DictComp) and _makes_layers(
            comprehension.value, self.facts
        ):
            yield _LAYERS

    def _loop(self, loop: cst.For) -> Iterator[OrderUse]:
        """What a loop over the elements leaves behind."""
        counters = {
            node.target.value
            for node in descendants(loop.body)
            if isinstance(node, cst.AugAssign)
            and isinstance(node.target, cst.Name)
            and int_value(node.value) == 1
        }
        if _stores_number(loop.body, counters):
            yield _NUMBERED
        for node in descendants(loop.body):
            if isinstance(node, cst.Call):
                yield from self._called_in_loop(node, loop)
            elif isinstance(node, cst.AugAssign) and isinstance(
                node.value, (cst.List, cst.ListComp)
            ):
                yield from self._assigned(node.target)
            elif isinstance(node, cst.Yield):
                yield from self._handed_back(node)

    def _called_in_loop(self, call: cst.Call, loop: cst.For) -> Iterator[OrderUse]:
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in {"append", "extend"}:
            if not self._is_new_in(loop, call.func.value):
                yield from self._assigned(call.func.value)
        elif _makes_layers(call, self.facts):
            yield _LAYERS
        elif _draws(call, self.facts):
            yield _DRAWS

    def _is_new_in(self, loop: cst.For, node: cst.BaseExpression) -> bool:
        """Whether each pass of the loop gives the name another list."""
        return isinstance(node, cst.Name) and any(
            binding.value is not None and loop in set(self.facts.ancestors(binding.node))
            for binding in self.facts.bindings(node)
        )

    def _subscript(self, subscript: cst.Subscript) -> Iterator[OrderUse]:
        """One element, or some, by position."""
        outer = self.facts.parent(subscript)
        if isinstance(outer, (cst.AssignTarget, cst.Del, cst.AugAssign)):
            return
        index = subscript.slice[0].slice
        if isinstance(index, cst.Slice):
            if index.lower is not None or index.upper is not None:
                yield _CUT
            else:
                self.follow(subscript)
        elif isinstance(index, cst.Index) and int_value(index.value) is not None:
            if not self._alone(subscript):
                yield PICKED
        elif self._in_dataset(subscript, "__getitem__"):
            yield _INDEXED

    def _alone(self, subscript: cst.Subscript) -> bool:
        """Whether any element would do, or there is but one.

        ``os.listdir(d)[0]`` says that one is there; code that looks at ``len(files)`` knows how
        many; an assertion about ``files[0]`` is one about all.
        """
        if not isinstance(subscript.value, (cst.Name, cst.Attribute)):
            return True
        for above in self.facts.ancestors(subscript):
            if isinstance(above, cst.Assert):
                return True
            if isinstance(above, cst.If) and "len(" in self.facts.code(above.test):
                return True
            if isinstance(above, cst.FunctionDef):
                break
        function = enclosing_function(subscript, self.facts)
        counted = f"len({self.facts.code(subscript.value)})"
        return counted in self.facts.code(function or self.facts.module)

    def _in_dataset(self, node: cst.CSTNode, method: str) -> bool:
        function = enclosing_function(node, self.facts)
        owner = enclosing_class(node, self.facts)
        if function is None or owner is None or function.name.value != method:
            return False
        return method == "__getitem__" or is_dataset(owner, self.facts) is not None

    def _handed_back(self, node: cst.CSTNode) -> Iterator[OrderUse]:
        """The function around returns or yields the elements."""
        if self._in_dataset(node, "__iter__"):
            yield _ITERATED
        elif not self.follow_callers(node):
            yield RETURNED


def _is_sorted(use: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``use`` is ``use.sort()``, or is assigned anew from something sorted."""
    parent = facts.parent(use)
    if isinstance(parent, cst.Attribute):
        return "sort" in parent.attr.value
    call = facts.parent(parent) if isinstance(parent, cst.Arg) else None
    if not isinstance(call, cst.Call) or "sort" not in (last_name(call.func) or "").lower():
        return False
    statement = facts.parent(call)
    while isinstance(statement, (cst.Arg, cst.Call, cst.Subscript)):
        statement = facts.parent(statement)
    if isinstance(statement, cst.Expr):
        return True
    target = statement.targets[0].target if isinstance(statement, cst.Assign) else None
    return target is not None and facts.code(target) == facts.code(use)


def _stores_number(body: cst.CSTNode, numbers: set[str]) -> bool:
    """Whether ``body`` has ``d[key] = n`` with ``n`` from ``numbers``, or ``d[key] = len(d)``."""
    for node in descendants(body):
        if not isinstance(node, cst.Assign):
            continue
        target, value = node.targets[0].target, node.value
        if not isinstance(target, cst.Subscript):
            continue
        if isinstance(value, cst.Name) and value.value in numbers:
            return True
        if isinstance(value, cst.Call) and last_name(value.func) == "len" and value.args:
            counted = value.args[0].value
            if counted.deep_equals(target.value):
                return True
    return False


def _makes_layers(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` makes a module of ``torch.nn``."""
    if not isinstance(node, cst.Call):
        return False
    names = facts.resolve(node.func).names
    return bool(names) and all(
        name.startswith("torch.nn.")
        and name.rpartition(".")[2][:1].isupper()
        and name not in {"torch.nn.Buffer", "torch.nn.Parameter"}
        for name in names
    )


def _draws(call: cst.Call, facts: FileFacts) -> bool:
    """Whether ``call`` draws random numbers from a global generator."""
    names = facts.resolve(call.func).names
    return bool(names) and all(
        name.startswith((*_DRAW_MODULES, *_TORCH_DRAWS)) and "seed" not in name for name in names
    )
