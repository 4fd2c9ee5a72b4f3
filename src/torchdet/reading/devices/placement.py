"""On which device a tensor or generator is made, and where it is sent, as far as a file tells.

Only what stands in the expression itself is followed, and one name that is bound once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value, is_constant
from torchdet.facts.lazy import cst
from torchdet.facts.origins import origins
from torchdet.facts.scope import BindingKind
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
    value = _bound_once(node, facts) if isinstance(node, cst.Name) else node
    return placement_of_call(value, facts) if isinstance(value, cst.Call) else None


def placement_of_call(call: cst.Call, facts: FileFacts) -> Placement | None:
    """Where the value that ``call`` makes or moves lies."""
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
    if not isinstance(call.func, cst.Attribute):
        return None
    method = call.func.attr.value
    if method == "to":
        moved = device_of_move(call, facts)
        if moved is not None:
            return moved
        return placement_of(call.func.value, facts) if _changes_dtype_only(call, facts) else None
    if method in _KEEPING or method in {"double", "cdouble"} or method == "type":
        return placement_of(call.func.value, facts)
    return None


def sent_to(call: cst.Call, facts: FileFacts) -> Iterator[Placement]:
    """The devices to which the value of ``call`` is moved later, its dtype unchanged."""
    for move in _moves(call, facts):
        placement = device_of_move(move, facts)
        if placement is not None:
            yield placement


def device_placement(node: cst.BaseExpression, facts: FileFacts) -> Placement | None:
    """The device that the expression ``node`` names; None for no device at all."""
    if is_constant(node, "None"):
        return _DEFAULT
    if isinstance(node, cst.Attribute) and node.attr.value == "device":
        return _device_of(node.value, node, facts)
    found = origins(node, facts)
    types: set[str] = set()
    for end in found.expressions:
        text = device_text(_made_of(end, facts) or end)
        if text is None:
            return Placement(frozenset(), facts.code(node))
        types.add(text.type)
    if _may_be_given(node, facts):
        return Placement(frozenset(), facts.code(node))
    return Placement(frozenset(types), _described(types, node, facts))


def _may_be_given(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a caller, or code elsewhere, can put another device in place of what is seen."""
    if isinstance(node, cst.Name):
        return any(each.kind is not BindingKind.ASSIGNMENT for each in facts.bindings(node))
    if isinstance(node, cst.IfExp):
        return _may_be_given(node.body, facts) or _may_be_given(node.orelse, facts)
    if isinstance(node, cst.BooleanOperation):
        return _may_be_given(node.left, facts) or _may_be_given(node.right, facts)
    return isinstance(node, (cst.Attribute, cst.Subscript))


def _device_of(
    tensor: cst.BaseExpression, node: cst.Attribute, facts: FileFacts
) -> Placement | None:
    """The device that ``tensor.device`` reads; a local of unknown making has none."""
    if isinstance(tensor, cst.Name):
        made = placement_of(tensor, facts)
        given = all(binding.kind is BindingKind.PARAMETER for binding in facts.bindings(tensor))
        if made is not None or not given:
            return made
    return Placement(frozenset(), facts.code(node))


def _described(types: set[str], node: cst.BaseExpression, facts: FileFacts) -> str:
    return next(iter(types)) if len(types) == 1 else facts.code(node)


def _made_of(node: cst.CSTNode, facts: FileFacts) -> cst.BaseExpression | None:
    """The first argument of ``torch.device(...)``."""
    if isinstance(node, cst.Call) and node.args and facts.means(node.func, "torch.device"):
        return node.args[0].value
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
    named = device_text(_made_of(first, facts) or first) is not None
    return device_placement(first, facts) if named or is_device_expression(first, facts) else None


def _is_dtype(node: cst.BaseExpression, facts: FileFacts) -> bool:
    return any(name.startswith("torch.") for name in facts.resolve(node).names)


def _changes_dtype_only(call: cst.Call, facts: FileFacts) -> bool:
    return len(call.args) == 1 and _is_dtype(call.args[0].value, facts)


def _moves(call: cst.Call, facts: FileFacts) -> Iterator[cst.Call]:
    """The calls `.to(...)` on the value of ``call``, or on the one name that it is bound to."""
    above = _method_call_on(call, facts)
    if above is not None:
        yield from _moves_by(above, facts)
        return
    statement = facts.parent(call)
    target: cst.BaseExpression | None = None
    if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
        target = statement.targets[0].target
    elif isinstance(statement, cst.AnnAssign):
        target = statement.target
    if not isinstance(target, cst.Name) or _bound_once(target, facts) is not call:
        return
    for use in facts.uses_of(target.value, facts.scope(target)):
        if len(use.parts) == 2:
            later = facts.parent(use.node)
            if isinstance(later, cst.Call) and later.func is use.node:
                yield from _moves_by(later, facts)


def _moves_by(call: cst.Call, facts: FileFacts) -> Iterator[cst.Call]:
    if not isinstance(call.func, cst.Attribute):
        return
    method = call.func.attr.value
    if method == "to" and len([a for a in call.args if _is_dtype(a.value, facts)]) == 0:
        yield call
    elif method in _KEEPING:
        yield from _moves(call, facts)


def _method_call_on(call: cst.Call, facts: FileFacts) -> cst.Call | None:
    """The call of a method of the value of ``call``."""
    attribute = facts.parent(call)
    if isinstance(attribute, cst.Attribute) and attribute.value is call:
        above = facts.parent(attribute)
        if isinstance(above, cst.Call) and above.func is attribute:
            return above
    return None


def _bound_once(name: cst.Name, facts: FileFacts) -> cst.BaseExpression | None:
    """The value of ``name`` where exactly one assignment binds it."""
    bindings = facts.bindings(name)
    only = bindings[0] if len(bindings) == 1 else None
    return only.value if only is not None and only.kind is BindingKind.ASSIGNMENT else None
