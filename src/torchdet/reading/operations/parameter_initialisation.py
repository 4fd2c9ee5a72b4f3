"""Whether something fills a parameter that a module made of uninitialised memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class
from torchdet.reading.operations.memory_uses import Effect, effect_of

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_INITIALISING = re.compile(
    r"(^|_)(re)?(init|initiali[sz]e|load|materiali[sz]e|reset|from)(_|$)", re.IGNORECASE
)
_OVERALL = frozenset({"apply", "modules", "named_modules", "named_parameters", "parameters"})
_OWN_MODULE = re.compile(r"torch\.nn\.(modules\.)?(module\.)?Module$")


def is_initialised(owner: cst.ClassDef, attribute: cst.Attribute, facts: FileFacts) -> bool:
    """Whether the parameter ``attribute`` of ``owner`` is filled, as far as the file can tell.

    One that the class never reads needs no filling. Others are filled by a method that resets,
    initialises or loads, anywhere in the file or, where the class has another base than
    ``torch.nn.Module``, perhaps elsewhere; or by a use of the attribute that may write to it.
    """
    if not _is_plain_module(owner, facts):
        return True
    functions = (node for node in facts.index.scopes if isinstance(node, cst.FunctionDef))
    if any(initialises(function.name.value) for function in functions):
        return True
    if not _is_read(owner, attribute, facts):
        return True
    return _is_filled(owner, attribute, facts) or _goes_over_parameters(facts)


def _is_plain_module(owner: cst.ClassDef, facts: FileFacts) -> bool:
    return bool(owner.bases) and all(
        bool(names) and all(_OWN_MODULE.match(name) for name in names)
        for names in (facts.resolve(base.value).names for base in owner.bases)
    )


def initialises(name: str) -> bool:
    """Whether a function of that name resets, initialises or loads."""
    return name != "__init__" and _INITIALISING.search(name) is not None


def _is_read(owner: cst.ClassDef, attribute: cst.Attribute, facts: FileFacts) -> bool:
    """Whether the class mentions the attribute again; one that nobody reads does no harm."""
    return any(
        attribute.attr.value in use.parts[1:]
        and use.node is not attribute
        and enclosing_class(use.node, facts) is owner
        for use in facts.index.uses.get("self", ())
    )


def _is_filled(owner: cst.ClassDef, attribute: cst.Attribute, facts: FileFacts) -> bool:
    """Whether any use of an attribute of that name, on ``self`` or elsewhere, may fill it."""
    name = attribute.attr.value
    for uses in facts.index.uses.values():
        for use in uses:
            if name not in use.parts[1:] or use.node is attribute:
                continue
            node = _attribute_named(use.node, name)
            if node is None or use.parts[0] != "self" or enclosing_class(node, facts) is not owner:
                return True
            in_init = facts.context(node).endswith("__init__")
            effect, _ = effect_of(node, facts)
            if effect is Effect.MAY_FILL and (in_init or _may_write(node, facts)):
                return True
    return False


def _may_write(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a use outside ``__init__`` writes: in-place, assigned to, or under ``no_grad``."""
    parent = facts.parent(node)
    if isinstance(parent, (cst.AssignTarget, cst.Subscript)):
        return True
    if isinstance(parent, cst.Attribute):
        return parent.attr.value.endswith("_") or parent.attr.value == "data"
    return False


def _attribute_named(node: cst.BaseExpression, name: str) -> cst.Attribute | None:
    while isinstance(node, cst.Attribute):
        if node.attr.value == name:
            return node
        node = node.value
    return None


def _goes_over_parameters(facts: FileFacts) -> bool:
    """Whether code in the file loops over parameters or modules, or applies a function to them."""
    for uses in facts.index.uses.values():
        for use in uses:
            if use.parts[-1] not in _OVERALL:
                continue
            call = facts.parent(use.node)
            if isinstance(call, cst.Call) and call.func is use.node:
                looped = isinstance(facts.parent(call), (cst.For, cst.CompFor))
                if looped or (use.parts[-1] == "apply" and call.args):
                    return True
    return False
