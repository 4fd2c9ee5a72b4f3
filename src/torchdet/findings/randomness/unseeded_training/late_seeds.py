"""Seeds that come after the model has been made, whose weights were drawn before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.enclosing import body_of, calls_of
from torchdet.facts.expressions import last_name
from torchdet.facts.flow.order import Order
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.randomness.ordered_loops import makes_layers
from torchdet.reading.randomness.program import program
from torchdet.reading.randomness.streams import is_helper
from torchdet.reading.tensors.module_classes import is_module_class

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

_LOADS = frozenset({"load_state_dict", "from_pretrained", "load_checkpoint", "load_weights"})
# Modules without weights.
_NO_WEIGHTS = ("Loss", "ReLU", "Pool1d", "Pool2d", "Pool3d", "Dropout", "Identity", "Softmax")


def made_before(seed: cst.Call, context: Context) -> cst.Call | None:
    """The model that the body of ``seed`` has certainly made before, with nothing seeded yet."""
    facts = context.facts
    body = body_of(seed, facts)
    if _loads_weights(body, facts):
        return None
    seeds = _seeds(body, facts)
    if seeds[0] is not seed:
        return None
    before = facts.flow.before
    earlier = (each for each in calls_of(body, facts) if _draws_weights(each, context))
    made = next((each for each in earlier if before(each, seed) is Order.CERTAINLY), None)
    if made is None or any(before(each, made) is not Order.NEVER for each in seeds):
        return None
    return made


def _draws_weights(call: cst.Call, context: Context) -> bool:
    facts = context.facts
    if (last_name(call.func) or "").endswith(_NO_WEIGHTS):
        return False
    if makes_layers(call, facts):
        return True
    made = facts.flow.attributes.class_named(call.func)
    if made is not None:
        return is_module_class(made, facts)
    names = facts.resolve(call.func).names
    return bool(names) and all(map(program(context).makes_module, names))


@remembered
def _seeds(body: cst.CSTNode, facts: FileFacts) -> tuple[cst.Call, ...]:
    """The calls of a body that seed torch, or that may do so by their names, in their order."""
    return tuple(node for node in calls_of(body, facts) if _may_seed(node, facts))


def _may_seed(call: cst.Call, facts: FileFacts) -> bool:
    name = last_name(call.func) or ""
    return is_helper(name) or (
        name.startswith("manual_seed") and bool(facts.resolve(call.func).names)
    )


@remembered
def _loads_weights(body: cst.CSTNode, facts: FileFacts) -> bool:
    return any(last_name(each.func) in _LOADS for each in calls_of(body, facts))
