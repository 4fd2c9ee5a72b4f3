"""On which device a tensor or generator is made, and where it is sent, as far as a file tells."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value, is_constant
from torchdet.facts.flow.arrivals import Arrival, FirstAnswers
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.devices.device_expressions import is_device_expression
from torchdet.reading.devices.device_text import device_text
from torchdet.torch_api.device_arguments import FACTORIES_BESIDE_DATA, device_factories

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

# Methods after which a tensor or generator has the dtype and the device that it had.
_KEEPING = frozenset(
    (
        *("clone", "contiguous", "detach", "expand", "flatten", "flip", "manual_seed", "mT"),
        *("permute", "repeat", "requires_grad_", "reshape", "squeeze", "t", "transpose"),
        *("unsqueeze", "view", "eval", "train"),
    )
)
_CHANGING_DTYPE = frozenset({"cdouble", "double", "type"})


@dataclass(frozen=True, slots=True)
class Placement:
    """A device: the types that it can be, or the expression that only the run decides.

    ``types`` is empty where nothing is known of it. ``code`` is the expression as it is written.
    """

    types: frozenset[str]
    code: str

    @classmethod
    def literal(cls, kind: str) -> Placement:
        """A device that is certainly of one type."""
        return cls(frozenset({kind}), kind)

    @property
    def described(self) -> str:
        """The device in words."""
        if self.types == {"cpu"}:
            return "the CPU"
        return f"`{self.code}`"

    def may_be(self, kind: str) -> bool:
        """Whether it can be a device of the type ``kind``."""
        return not self.types or kind in self.types

    def differs_on(self, other: Placement, targets: Collection[str]) -> bool:
        """Whether the two are different devices when the program runs on one of ``targets``.

        Two that only the run decides are taken to be the same.
        """
        accelerators = [kind for kind in targets if kind != "cpu"]
        if self.types and other.types:
            named = self.types | other.types
            return self.types.isdisjoint(other.types) and not named.isdisjoint(accelerators)
        known = self.types or other.types
        return known == {"cpu"} and bool(accelerators)


_DEFAULT = Placement.literal("cpu")


def placement_of(node: cst.BaseExpression, facts: FileFacts) -> Placement | None:
    """Where the tensor or generator ``node`` lies; None where the file does not tell."""

    def keeps_device(each: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        method = each.func if isinstance(each, cst.Call) else None
        if not isinstance(each, cst.Call) or not isinstance(method, cst.Attribute):
            return None
        name = method.attr.value
        kept = name in _KEEPING or name in _CHANGING_DTYPE
        return [method.value] if kept or _changes_dtype_only(each, facts) else None

    sources = facts.flow.sources(node, keeps_device)
    only = sources.every[0] if len(sources.every) == 1 and sources.complete else None
    if only is None or only.path or not isinstance(only.node, cst.Call):
        return None
    return _made_by(only.node, facts)


def _made_by(call: cst.Call, facts: FileFacts) -> Placement | None:
    """Where the value lies that ``call`` makes, or moves by `.to(...)`."""
    function = facts.resolve(call.func).names
    if function and all(name in device_factories() for name in function):
        position = 0 if function == ("torch.Generator",) else None
        given = argument(call, "device", position)
        if given is not None:
            return device_placement(given.value, facts)
        beside_data = function[0].endswith("_like") or function[0] in FACTORIES_BESIDE_DATA
        if beside_data or any(arg.star == "**" for arg in call.args):
            return None
        return _DEFAULT
    return device_of_move(call, facts) if _is_move(call) else None


def moved_to(kind: str, made: cst.BaseExpression, facts: FileFacts) -> Placement | None:
    """A device that may be of the type ``kind``, to which ``made`` is moved with its dtype.

    A name that may have another value by then is not followed: a branch may change the dtype.
    """

    def answer(arrival: Arrival) -> Placement | None:
        move = arrival.use.by
        if arrival.path or arrival.use.kind is not UseKind.METHOD or not isinstance(move, cst.Call):
            return None
        if not _is_move(move) or any(_is_dtype(arg.value, facts) for arg in move.args):
            return None
        placement = device_of_move(move, facts)
        return placement if placement is not None and placement.may_be(kind) else None

    def keeps_all(each: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        method = each.func if isinstance(each, cst.Call) else None
        kept = isinstance(method, cst.Attribute) and method.attr.value in _KEEPING
        return [method.value] if kept and isinstance(method, cst.Attribute) else None

    def may_differ(use: Use) -> bool:
        name = use.node
        return isinstance(name, cst.Name) and facts.flow.definitions(name).only is None

    known = _known_moves(facts.module, facts).setdefault(kind, FirstAnswers())
    return facts.flow.first(made, answer, known, keeps_all, may_differ)


@remembered
def _known_moves(module: cst.Module, facts: FileFacts) -> dict[str, FirstAnswers[Placement]]:
    del module, facts
    return {}


def device_placement(node: cst.BaseExpression, facts: FileFacts) -> Placement | None:
    """The device that the expression ``node`` names; None for no device at all."""
    if is_constant(node, "None"):
        return _DEFAULT
    if isinstance(node, cst.Attribute) and node.attr.value == "device":
        return _device_of(node.value, node, facts)
    sources = facts.flow.sources(node, lambda each: _made_of(each, facts))
    types: set[str] = set()
    for end in sources.every:
        text = device_text(end.node)
        if text is None or not sources.complete:
            return Placement(frozenset(), facts.code(node))
        types.add(text.type)
    return Placement(frozenset(types), _described(types, node, facts))


def _device_of(
    tensor: cst.BaseExpression, node: cst.Attribute, facts: FileFacts
) -> Placement | None:
    """The device that ``tensor.device`` reads; a local of unknown making has none."""
    if isinstance(tensor, cst.Name):
        made = placement_of(tensor, facts)
        ends = facts.flow.sources(tensor).every
        given = (isinstance(each.node, (cst.Param, cst.Name)) for each in ends)
        if made is not None or not all(given):
            return made
    return Placement(frozenset(), facts.code(node))


def _described(types: set[str], node: cst.BaseExpression, facts: FileFacts) -> str:
    return next(iter(types)) if len(types) == 1 else facts.code(node)


def _made_of(node: cst.BaseExpression, facts: FileFacts) -> list[cst.BaseExpression] | None:
    """The first argument of ``torch.device(...)``."""
    if isinstance(node, cst.Call) and node.args and facts.means(node.func, "torch.device"):
        return [node.args[0].value]
    return None


def device_of_move(call: cst.Call, facts: FileFacts) -> Placement | None:
    """The device argument of ``x.to(...)``, unless the move changes the dtype as well."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == "device":
            return device_placement(arg.value, facts)
    if not call.args or call.args[0].keyword is not None or call.args[0].star:
        return None
    first = call.args[0].value
    if _is_dtype(first, facts) or int_value(first) is not None:
        return None
    placement = device_placement(first, facts)
    named = placement is not None and placement.types
    return placement if named or is_device_expression(first, facts) else None


def _is_move(call: cst.Call) -> bool:
    return isinstance(call.func, cst.Attribute) and call.func.attr.value == "to"


def _is_dtype(node: cst.BaseExpression, facts: FileFacts) -> bool:
    return any(name.startswith("torch.") for name in facts.resolve(node).names)


def _changes_dtype_only(call: cst.Call, facts: FileFacts) -> bool:
    return _is_move(call) and len(call.args) == 1 and _is_dtype(call.args[0].value, facts)
