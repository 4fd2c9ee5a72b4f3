"""Whether something fills the uninitialised memory that a module keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import argument, is_constant, last_name, string_value
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.operations.first_reads import effect_on_parameter
from torchdet.reading.operations.memory_uses import Effect, memory_uses
from torchdet.torch_api.gradient_names import BUFFER_TYPES, MODULE_TYPES, PARAMETER_TYPES
from torchdet.torch_api.returns import REGISTERING_METHODS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_INITIALISING = re.compile(
    r"(^|_)(re)?(init|initiali[sz]e|load|materiali[sz]e|reset|from)(_|$)", re.IGNORECASE
)
_OVERALL = frozenset(
    {"apply", "modules", "named_modules", "named_parameters", "parameters"}
    | {"buffers", "named_buffers", "state_dict"}
)


class MemoryKind(Enum):
    """As what a module keeps a tensor."""

    BUFFER = "buffer"
    PARAMETER = "parameter"


@dataclass(frozen=True, slots=True)
class ModuleMemory:
    """The attribute ``name`` of the instances of ``owner``, which ``__init__`` makes."""

    kind: MemoryKind
    owner: cst.ClassDef
    name: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """``value`` is what a module gets, as ``kind`` or as what the call that it is says."""

    kind: MemoryKind | None
    value: cst.BaseExpression


def is_kept(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the tensor that ``call`` makes becomes a parameter or buffer where it stands."""
    return _wrapped(call, facts).kind is not None or _registration(call, facts) is not None


def module_memory(call: cst.Call, facts: FileFacts) -> ModuleMemory | None:
    """The parameter or buffer that ``__init__`` makes of the tensor that ``call`` makes.

    None for a parameter without gradients, which is made to be loaded, as quantised weights are.
    """
    kept = _wrapped(call, facts)
    if kept.kind is MemoryKind.PARAMETER and not _is_trained(kept.value):
        return None
    kind, name = kept.kind, None
    registration = _registration(kept.value, facts)
    if registration is not None:
        given = argument(registration, "name", 0)
        name = string_value(given.value) if given is not None else None
        target: cst.BaseExpression = registration.func
        buffer = last_name(target) == "register_buffer"
        kind = MemoryKind.BUFFER if buffer else MemoryKind.PARAMETER
    else:
        statement = facts.parent(kept.value)
        if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
            return None
        target = statement.targets[0].target
        name = last_name(target)
    owner = facts.flow.class_of_self(target.value) if isinstance(target, cst.Attribute) else None
    function = enclosing_function(call, facts)
    if owner is None or name is None or kind is None:
        return None
    in_init = function is not None and function.name.value == "__init__"
    return ModuleMemory(kind, owner, name) if in_init else None


def _wrapped(call: cst.Call, facts: FileFacts) -> _Kept:
    """The call of ``nn.Parameter`` or ``nn.Buffer`` that takes the value of ``call``."""
    use = facts.flow.use(call)
    if use.kind is UseKind.ARGUMENT and use.slot in (0, "data") and isinstance(use.by, cst.Call):
        if facts.means(use.by.func, *PARAMETER_TYPES):
            return _Kept(MemoryKind.PARAMETER, use.by)
        if facts.means(use.by.func, *BUFFER_TYPES):
            return _Kept(MemoryKind.BUFFER, use.by)
    return _Kept(None, call)


def _registration(value: cst.BaseExpression, facts: FileFacts) -> cst.Call | None:
    """The call of ``register_buffer`` or its like that takes ``value``."""
    use = facts.flow.use(value)
    if use.kind is not UseKind.ARGUMENT or not isinstance(use.by, cst.Call):
        return None
    keyword = REGISTERING_METHODS.get(last_name(use.by.func) or "")
    return use.by if keyword is not None and use.slot in (1, keyword) else None


def _is_trained(parameter: cst.BaseExpression) -> bool:
    if not isinstance(parameter, cst.Call):
        return True
    wanted = argument(parameter, "requires_grad", 1)
    return wanted is None or is_constant(wanted.value, "True")


def stays_unfilled(memory: ModuleMemory, facts: FileFacts) -> bool:
    """Whether the class reads the memory and nothing fills it, as far as the file can tell.

    It may be filled by a method that resets, initialises or loads, anywhere in the file or, where
    the class has another base than ``torch.nn.Module``, perhaps elsewhere; or by a use of the
    attribute that may write to it.
    """
    if not _is_plain_module(memory.owner, facts) or _fills_modules(facts.module, facts):
        return False
    stored, _ = facts.flow.attributes.stored(memory.owner, memory.name)
    own = {*facts.flow.attributes.read(memory.owner, memory.name), *(e.node for e in stored)}
    if len(stored) > 1 or any(
        node not in own for node in _attributes(facts.module, facts).get(memory.name, ())
    ):
        return False
    effects = [_effects(node, memory, facts) for node in own]
    if any(not {Effect.FILLS, Effect.MAY_FILL}.isdisjoint(each) for each in effects):
        return False
    return any(effects) or (memory.kind is MemoryKind.PARAMETER and len(own) > 1)


def _effects(node: cst.CSTNode, memory: ModuleMemory, facts: FileFacts) -> set[Effect]:
    """What is done with the memory where ``node`` stands for the attribute."""
    if not isinstance(node, cst.Attribute) or isinstance(facts.parent(node), cst.AssignTarget):
        return set()  # it is made there
    uses = memory_uses(node, facts, lambda each: effect_on_parameter(each, facts))
    if uses is None:
        return {Effect.MAY_FILL}
    in_init = facts.context(node).endswith("__init__")
    if memory.kind is MemoryKind.BUFFER or in_init:
        return {use.effect for use in uses}
    # The forward pass hands parameters to functions, but does not fill them.
    return {use.effect for use in uses if use.reads or _writes(use.node, use.through, facts)}


def _writes(node: cst.CSTNode, through: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a use outside ``__init__`` writes: in place, or assigned to a part of it."""
    kind = facts.flow.use(through).kind
    method = last_name(node.func) if isinstance(node, cst.Call) else None
    in_place = kind is UseKind.METHOD and method is not None and method.endswith("_")
    return in_place or kind is UseKind.MUTATED


def _is_plain_module(owner: cst.ClassDef, facts: FileFacts) -> bool:
    return bool(owner.bases) and all(
        bool(names) and MODULE_TYPES.issuperset(names)
        for names in (facts.resolve(base.value).names for base in owner.bases)
    )


def initialises(name: str) -> bool:
    """Whether a function of that name resets, initialises or loads."""
    return name != "__init__" and _INITIALISING.search(name) is not None


@remembered
def _fills_modules(module: cst.Module, facts: FileFacts) -> bool:
    """Whether code in the file may fill what modules keep: by a method that initialises them, by
    a loop over their parameters, or by a function that is applied to them.
    """
    del module
    functions = (node for node in facts.index.scopes if isinstance(node, cst.FunctionDef))
    if any(initialises(function.name.value) for function in functions):
        return True
    for name in _OVERALL:
        for node in _attributes(facts.module, facts).get(name, ()):
            call = facts.parent(node)
            if isinstance(call, cst.Call) and call.func is node:
                looped = isinstance(facts.parent(call), (cst.For, cst.CompFor))
                if looped or (name == "apply" and call.args):
                    return True
    return False


@remembered
def _attributes(module: cst.Module, facts: FileFacts) -> dict[str, list[cst.CSTNode]]:
    """The dotted expressions of the file that read or write an attribute, by its name."""
    del module
    found: dict[str, list[cst.CSTNode]] = {}
    for uses in facts.index.uses.values():
        for use in uses:
            node = use.node
            while isinstance(node, cst.Attribute):
                found.setdefault(node.attr.value, []).append(node)
                node = node.value
    return found
