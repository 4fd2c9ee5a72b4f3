"""What the methods of each class assign to attributes of `self`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_REGISTERING = {"register_buffer": "tensor", "register_parameter": "param"}
_SETTING = {"register_module": "module", "add_module": "module"}


@dataclass(slots=True)
class Attribute:
    """One attribute of the instances of a class.

    ``values`` are what is assigned to it as a whole, ``annotations`` those of the assignments and
    of the class body. ``registered`` says that ``register_buffer`` or ``register_parameter`` makes
    it, ``buffer`` that it is the former; ``other`` that it is also bound in a way that has no value
    of its own, as by a loop.
    """

    values: list[cst.BaseExpression] = field(default_factory=list)
    annotations: list[cst.BaseExpression] = field(default_factory=list)
    registered: bool = False
    buffer: bool = False
    other: bool = False


InstanceAttributes = dict[tuple["cst.ClassDef", str], Attribute]


def instance_attributes(facts: FileFacts) -> InstanceAttributes:
    """Every attribute that code in a class binds on ``self``, by class and name."""
    found: InstanceAttributes = {}
    for use in facts.index.uses.get("self", ()):
        if len(use.parts) == 2 and isinstance(use.node, cst.Attribute):
            _note(use.node, found, facts)
    for node, scope in facts.index.scopes.items():
        if isinstance(node, cst.ClassDef):
            for name, bindings in scope.bindings.items():
                for binding in bindings:
                    if binding.annotation is not None:
                        _of(found, node, name).annotations.append(binding.annotation)
                    elif binding.value is not None:
                        _of(found, node, name).values.append(binding.value)
    return found


def _of(found: InstanceAttributes, owner: cst.ClassDef, name: str) -> Attribute:
    return found.setdefault((owner, name), Attribute())


def _note(node: cst.Attribute, found: InstanceAttributes, facts: FileFacts) -> None:
    """Record what the statement around ``self.x`` does to it, where it does anything."""
    parent = facts.parent(node)
    name = node.attr.value
    if isinstance(parent, cst.Call) and parent.func is node:
        _note_registration(parent, name, found, facts)
        return
    bound = isinstance(parent, (cst.AssignTarget, cst.NamedExpr, cst.AsName, cst.For)) or (
        isinstance(parent, (cst.AnnAssign, cst.AugAssign)) and parent.target is node
    )
    if isinstance(parent, cst.For) and parent.target is not node:
        return
    if isinstance(parent, cst.Element) and not _in_target(parent, facts):
        return
    if not bound and not isinstance(parent, cst.Element):
        return
    owner = enclosing_class(node, facts)
    if owner is None:
        return
    attribute = _of(found, owner, name)
    statement = facts.parent(parent)
    if isinstance(parent, cst.AssignTarget) and isinstance(statement, cst.Assign):
        attribute.values.append(statement.value)
    elif isinstance(parent, cst.AnnAssign):
        attribute.annotations.append(parent.annotation.annotation)
    elif not isinstance(parent, cst.AugAssign):
        attribute.other = True


def _note_registration(
    call: cst.Call, method: str, found: InstanceAttributes, facts: FileFacts
) -> None:
    if (method not in _REGISTERING and method not in _SETTING) or not call.args:
        return
    owner = enclosing_class(call, facts)
    given = argument(call, "name", 0)
    name = string_value(given.value) if given is not None else None
    if owner is None or name is None:
        return
    attribute = _of(found, owner, name)
    if method in _REGISTERING:
        attribute.registered = True
        attribute.buffer = method == "register_buffer"
    else:
        module = argument(call, _SETTING[method], 1)
        if module is not None:
            attribute.values.append(module.value)


def _in_target(element: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the ``element`` of a tuple or list is unpacked into, not read."""
    below: cst.CSTNode = element
    for above in facts.ancestors(element):
        if isinstance(above, cst.AssignTarget):
            return True
        if isinstance(above, (cst.For, cst.CompFor)):
            return above.target is below
        if not isinstance(above, (cst.Tuple, cst.List, cst.Element, cst.StarredElement)):
            return False
        below = above
    return False
