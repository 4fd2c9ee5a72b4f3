"""What the conditions on the way to a place say about the device there.

A condition counts where it holds (inside ``if device.type == "mps":``), where it does not (the
``else`` of ``if not x.is_cuda:``), and behind an exit: after
``if not torch.cuda.is_available(): return`` there is CUDA. `facts.flow` finds the conditions and
takes them apart; the classifier here reads single tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.expressions import int_value, last_name, string_value
from torchdet.facts.flow.arrivals import Arrival, FirstAnswers
from torchdet.facts.flow.graph import Branch
from torchdet.facts.flow.outcomes import OtherArm, other_arm
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import along_way, remembered
from torchdet.facts.walk import descendants
from torchdet.reading.devices.device_expressions import is_device_expression
from torchdet.reading.devices.device_text import words, words_in
from torchdet.reading.devices.probes import is_probe, probed_types
from torchdet.torch_api.device_apis import Equivalence, device_apis
from torchdet.torch_api.device_types import ACCELERATOR_TYPES, BACKEND_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

DEVICE_WORDS = frozenset(ACCELERATOR_TYPES).union(
    BACKEND_TYPES, *BACKEND_TYPES.values(), {"cpu", "offload", "offloaded", "offloading"}
)
"""The words that matter in conditions; what a file says in others does not add up."""


class Told(Enum):
    """What a condition says about a type of device."""

    IS = "it is compared with the type, or serves it alone"
    IS_DEVICE = "a device has been compared with the type"
    AVAILABLE = "a device of the type is available"
    DEMANDED = "the run goes on only where such a device is available"
    REQUIRED = "the code refuses a tensor or device of another type"
    NAMED = "a condition names the type, wanted or not"
    NAMED_AND_HELD = "a condition that names the type holds"


@dataclass(frozen=True, slots=True)
class DeviceFact:
    """``told`` about devices of the type ``kind``, on every way to a place."""

    kind: str
    told: Told


def is_established(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` runs only for devices of the type ``kind``, because a condition says so.

    That CUDA is available says so only behind an exit, where the code demands it: to ask for the
    usual accelerator and then name it is not code for one kind on purpose. Conditions outside the
    function around ``node`` do not count: they held when it was defined.
    """
    told = {each.told for each in device_facts(node, facts) if each.kind == kind}
    return not told.isdisjoint(_ESTABLISHING) or (Told.AVAILABLE in told and kind != "cuda")


_ESTABLISHING = frozenset({Told.IS, Told.IS_DEVICE, Told.DEMANDED, Told.REQUIRED})


def is_only_required(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` runs only for ``kind`` because the code refuses other tensors or devices.

    After ``assert x.is_cuda`` a device is that of ``x``, and need not be named.
    """
    told = {each.told for each in device_facts(node, facts) if each.kind == kind}
    return told.intersection(_ESTABLISHING) == {Told.REQUIRED}


def is_demanded_later(kind: str, value: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a test of ``value`` itself lets the code go on only for devices of ``kind``.

    ``device = device or torch.device("cuda")`` before ``if device.type != "cuda": raise ...``.
    """

    def transfer(node: cst.BaseExpression) -> tuple[cst.BaseExpression, ...] | None:
        if isinstance(node, cst.Call) and facts.means(node.func, "torch.device", "builtins.str"):
            return tuple(arg.value for arg in node.args[:1])
        if isinstance(node, cst.Attribute) and node.attr.value == "type":
            return (node.value,)
        return None

    def demands(arrival: Arrival) -> bool | None:
        by = arrival.use.by
        if arrival.followed or not isinstance(by, cst.Comparison):
            return None
        return kind in _demanded_types(by, facts) or None

    known = _known_demands(facts.module, facts).setdefault(kind, FirstAnswers())
    return facts.flow.first(value, demands, known, transfer) is not None


@remembered
def _known_demands(module: cst.Module, facts: FileFacts) -> dict[str, FirstAnswers[bool]]:
    del module, facts
    return {}


@remembered
def _demanded_types(test: cst.Comparison, facts: FileFacts) -> frozenset[str]:
    """The types for one of which a device must be, or else the program stops.

    A test that only some devices come to demands nothing: `assert device == "cuda"` in the `else`
    of `if device == "cpu":`.
    """
    if device_facts(test, facts):
        return frozenset()
    demanded: set[str] = set()
    for branch in (Branch(test, holds) for holds in (True, False)):
        if _stops(other_arm(branch, facts.index.parents)):
            kinds = {f.kind for f in _told_by(branch, facts) if f.told in _ESTABLISHING}
            demanded |= kinds if len(kinds) == 1 else set()  # a list of types demands none
    return frozenset(demanded)


def available_types(test: cst.BaseExpression, holds: bool, facts: FileFacts) -> frozenset[str]:
    """The types of devices that are there where ``test`` comes out as ``holds``."""

    def classify(each: cst.BaseExpression, outcome: bool) -> Iterator[DeviceFact]:
        return _read(each, outcome, facts)

    found = facts.flow.implied([(test, holds)], classify)
    return frozenset(fact.kind for fact in found if fact.told is Told.AVAILABLE)


def is_for_another_device(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a device was found to be of other types, and not of the type ``kind``."""
    found = {each.kind for each in device_facts(node, facts) if each.told is Told.IS_DEVICE}
    return kind not in found and not found.isdisjoint(ACCELERATOR_TYPES)


def is_where_accelerator_is_named(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a condition that names an accelerator holds for ``node``."""
    return any(
        each.told is Told.NAMED_AND_HELD and each.kind in ACCELERATOR_TYPES
        for each in device_facts(node, facts)
    )


def _add(branch: Branch, outer: frozenset[DeviceFact], facts: FileFacts) -> frozenset[DeviceFact]:
    found = frozenset(_told_by(branch, facts))
    return outer if found <= outer else outer | found


device_facts = along_way(frozenset[DeviceFact](), _add)
"""What all conditions on the way to a node say about devices.

Whether a name in them has another value by now does not matter: the code behind
``if device == "cuda": device = 0`` is still for CUDA.
"""


_COMPARED = frozenset({Told.IS, Told.IS_DEVICE})


def _told_by(branch: Branch, facts: FileFacts) -> Iterator[DeviceFact]:
    if branch.pattern is not None:
        for kind in _matched_types(branch.pattern) if branch.holds else ():
            yield DeviceFact(kind, Told.IS)
        return
    other = other_arm(branch, facts.index.parents)
    refused = _refuses(other)

    def classify(test: cst.BaseExpression, holds: bool) -> Iterator[DeviceFact]:
        return _read(test, holds, facts)

    implied = list(facts.flow.implied([(branch.test, branch.holds)], classify))
    if refused and len({each.kind for each in implied if each.told in _COMPARED}) > 1:
        return  # what refuses all but several types says of none that it is the one
    for word in named_in(branch.test):
        yield DeviceFact(word, Told.NAMED)
        if other.held:
            yield DeviceFact(word, Told.NAMED_AND_HELD)
    demanded = _ends(other)
    for fact in implied:
        if refused and fact.told in _COMPARED:
            yield DeviceFact(fact.kind, Told.REQUIRED)
            continue
        # Behind an exit, a list of the types that may go on is no branch for one of them.
        behind_exit = fact.told is Told.IS_DEVICE and not other.held
        yield DeviceFact(fact.kind, Told.IS) if behind_exit else fact
        if demanded and fact.told is Told.AVAILABLE:
            yield DeviceFact(fact.kind, Told.DEMANDED)


def named_in(test: cst.BaseExpression) -> frozenset[str]:
    """The types of devices, among the like, that a condition speaks of."""
    return DEVICE_WORDS.intersection(words_in(test))


def _ends(other: OtherArm) -> bool:
    """Whether the code is left where the test comes out the other way."""
    return other.raises or _leaves(_last_statement(other))


def _refuses(other: OtherArm) -> bool:
    """Whether an error is raised where the test comes out the other way."""
    return other.raises or isinstance(_last_statement(other), cst.Raise)


def _stops(other: OtherArm) -> bool:
    """Whether nothing goes on where the test comes out the other way; a loop or a caller may."""
    last = _last_statement(other)
    return _refuses(other) or (isinstance(last, cst.Expr) and _leaves(last))


def _last_statement(other: OtherArm) -> cst.CSTNode | None:
    body = other.body.body if isinstance(other.body, (cst.If, cst.Else)) else other.body
    last = body.body[-1] if isinstance(body, cst.BaseSuite) and body.body else None
    return last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last


def _leaves(last: cst.CSTNode | None) -> bool:
    """Whether the last of some statements is a way out of the code around them."""
    if isinstance(last, cst.Expr) and isinstance(last.value, cst.Call):
        return last_name(last.value.func) in _LEAVING_CALLS
    return isinstance(last, (cst.Return, cst.Raise, cst.Continue, cst.Break))


_LEAVING_CALLS = frozenset({"exit", "_exit", "quit", "skip", "skipTest", "fail", "abort"})


# Single tests.


def _read(test: cst.BaseExpression, holds: bool, facts: FileFacts) -> Iterator[DeviceFact]:
    """What one test that came out as ``holds`` says about devices."""
    if isinstance(test, (cst.BooleanOperation, cst.UnaryOperation, cst.NamedExpr)):
        return
    if isinstance(test, cst.Comparison):
        yield from _compared(test, holds, facts)
    elif isinstance(test, cst.Call) and holds:
        if isinstance(test.func, cst.Attribute) and test.func.attr.value == "startswith":
            told = _told_of_device((test.func.value,), facts)
            yield from (DeviceFact(k, told) for arg in test.args[:1] for k in _types_in(arg.value))
    elif isinstance(test, cst.Attribute) and holds:
        kind = test.attr.value.removeprefix("is_")
        if kind != test.attr.value and kind in DEVICE_WORDS and not _is_own_attribute(test, facts):
            yield DeviceFact(kind, Told.IS)  # x.is_cuda, is_mps
    if holds:
        yield from (DeviceFact(kind, Told.IS) for kind in _needed_types(test, facts))
    if _asks_for_presence(test, holds, facts):
        for kind in DEVICE_WORDS.intersection(probed_types(test, facts)):
            yield DeviceFact(kind, Told.AVAILABLE)


def _is_own_attribute(test: cst.Attribute, facts: FileFacts) -> bool:
    """Whether ``test`` reads what a class of the file keeps: its values are looked at instead."""
    owner = facts.flow.class_of_self(test.value)
    return owner is not None and bool(facts.flow.attributes.stored(owner, test.attr.value)[0])


def _compared(test: cst.Comparison, holds: bool, facts: FileFacts) -> Iterator[DeviceFact]:
    """``device.type == "cuda"`` where it holds, ``device.type != "cuda"`` where it does not."""
    equal, unequal = (cst.Equal, cst.In, cst.Is), (cst.NotEqual, cst.NotIn, cst.IsNot)
    wanted = equal if holds else unequal
    if all(isinstance(target.operator, wanted) for target in test.comparisons):
        operands = (test.left, *(target.comparator for target in test.comparisons))
        kinds = [kind for each in operands for kind in _types_in(each)]
        told = _told_of_device(operands, facts) if kinds else Told.IS
        yield from (DeviceFact(kind, told) for kind in kinds)


def _told_of_device(operands: Iterable[cst.BaseExpression], facts: FileFacts) -> Told:
    is_device = any(is_device_expression(each, facts) for each in operands)
    return Told.IS_DEVICE if is_device else Told.IS


def _asks_for_presence(test: cst.BaseExpression, holds: bool, facts: FileFacts) -> bool:
    """Whether accelerators are there where ``test`` comes out as ``holds``.

    ``torch.cuda.is_available()``, ``torch.cuda.device_count() < 2`` where it does not hold.
    """
    if not isinstance(test, cst.Comparison):
        return holds and is_probe(test, facts)
    target = test.comparisons[0]
    if len(test.comparisons) != 1 or int_value(target.comparator) is None:
        return False
    many = (cst.NotEqual, cst.GreaterThan, cst.GreaterThanEqual)
    few = (cst.Equal, cst.LessThan, cst.LessThanEqual)
    return isinstance(target.operator, many if holds else few)


def _needed_types(test: cst.BaseExpression, facts: FileFacts) -> Iterator[str]:
    """The types of the modules that ``test`` asks for what no other module has.

    ``len(torch.cuda.default_generators) > 0`` is about CUDA alone, ``torch.cuda.device_count()``
    is not: `torch.accelerator` answers it as well.
    """
    if not isinstance(test, (cst.Comparison, cst.Call)):
        return
    for node in descendants(test):
        for name in facts.resolve(node).names if isinstance(node, cst.Attribute) else ():
            torch, *parts = name.split(".")
            if torch != "torch" or len(parts) < 2 or parts[0] not in ACCELERATOR_TYPES:
                continue
            api = device_apis().get(name)
            if api is not None and api.sameness in (Equivalence.RELATED, Equivalence.NONE):
                yield parts[0]


def _types_in(operand: cst.BaseExpression) -> Iterator[str]:
    """The types that a literal, a collection of them, or a member of an enumeration names.

    A project's own vocabulary counts as well: ``"CUDAExecutionProvider"``.
    """
    named: Iterable[str] = ()
    if isinstance(operand, (cst.Tuple, cst.List, cst.Set)):
        for element in operand.elements:
            yield from _types_in(element.value)
    elif isinstance(operand, cst.Call) and operand.args:  # torch.device("cuda")
        yield from _types_in(operand.args[0].value)
    elif isinstance(operand, cst.Attribute) and operand.attr.value.isupper():
        named = words(operand.attr.value)
    elif (value := string_value(operand)) is not None:
        named = words(value)
    yield from (word for word in named if word in DEVICE_WORDS)


def _matched_types(pattern: cst.MatchPattern) -> Iterator[str]:
    if isinstance(pattern, cst.MatchValue):
        yield from _types_in(pattern.value)
    elif isinstance(pattern, cst.MatchOr):
        for element in pattern.patterns:
            yield from _matched_types(element.pattern)
