"""What a function has done before it comes to a node: seeded, drawn, or made a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.enclosing import body_of, calls_by_body, calls_of
from torchdet.facts.expressions import argument, last_name, string_value
from torchdet.facts.flow.order import Order
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.project import NOT_OF_PROJECTS
from torchdet.reading.randomness.ordered_loops import makes_layers
from torchdet.torch_api.data_loading import RANDOM_SPLITS
from torchdet.torch_api.device_types import HOST_DEVICE
from torchdet.torch_api.random_numbers import (
    INDEX_DRAWS,
    Stream,
    filling_draws,
    seeding,
    tensor_draws,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.succession import Succession

_GENERATOR = "torch.Generator"
_SEEDS = "manual_seed"
# What draws from torch's generator nothing but what is named as a draw.
_HARMLESS = NOT_OF_PROJECTS | {"builtins", "tqdm", "PIL", "pandas"}
_HARMLESS_MODULES = ("torchvision.datasets.", "torchvision.transforms.")
_HARMLESS_METHODS = frozenset({"to", "cuda", "cpu", "train", "eval"}).union(
    *map(dir, (str, list, dict, set))
)


def seeded_just_before(node: cst.Call, facts: FileFacts) -> bool:
    """Whether the default generator is seeded before ``node``, and nothing can draw in between.

    It is then as good as a generator of its own.
    """
    order = _seeds_and_draws(body_of(node, facts), facts)
    earlier = order.before(node)
    return bool(earlier) and all(
        isinstance(each, cst.Call) and _seeds(each, facts) for each in earlier
    )


@remembered
def _seeds_and_draws(body: cst.CSTNode, facts: FileFacts) -> Succession:
    """The order of the calls of a body that seed or may draw."""
    calls = calls_of(body, facts)
    told = [each for each in calls if _seeds(each, facts) or _may_draw(each, facts)]
    return facts.flow.succession(calls[0], told)


def _seeds(call: cst.Call, facts: FileFacts) -> bool:
    """Whether ``call`` seeds by its name, as ``torch.manual_seed(0)`` and ``set_seed(args)`` do.

    ``generator.manual_seed(0)`` and ``np.random.seed(0)`` do not: they leave it as it was.
    """
    name = last_name(call.func) or ""
    if "seed" not in name.lower():
        return False
    known = [seeding(each) for each in facts.resolve(call.func).names]
    if any(each is not None and Stream.TORCH not in each.streams for each in known):
        return False
    return name != "manual_seed" or bool(known)


# What draws.


def _may_draw(call: cst.Call, facts: FileFacts) -> bool:
    """Whether ``call`` draws from torch's default generator, for all that the file shows."""
    found = _draws_by_name(call, facts)
    if found is not None:
        return found
    functions = _functions_run(call, facts)
    return not functions or not functions.isdisjoint(_drawing_functions(facts.module, facts))


def _functions_run(call: cst.Call, facts: FileFacts) -> frozenset[cst.CSTNode]:
    """The functions of the file that ``call`` runs; none where it may run others."""
    functions = [each.function for each in facts.flow.callees(call)]
    return frozenset(each for each in functions if each is not None)


@remembered
def _drawing_functions(module: cst.Module, facts: FileFacts) -> frozenset[cst.CSTNode]:
    """The functions whose code may draw, or calls one that may."""
    callers: dict[cst.CSTNode, list[cst.CSTNode]] = {}
    pending: list[cst.CSTNode] = []
    for body, calls in calls_by_body(module, facts).items():
        for call in calls:
            found = _draws_by_name(call, facts)
            functions = _functions_run(call, facts) if found is None else frozenset()
            for each in functions:
                callers.setdefault(each, []).append(body)
            if found or (found is None and not functions):
                pending.append(body)
    drawing: set[cst.CSTNode] = set()
    while pending:
        body = pending.pop()
        if body not in drawing:
            drawing.add(body)
            pending += callers.get(body, ())
    return frozenset(drawing)


@remembered
def _draws_by_name(call: cst.Call, facts: FileFacts) -> bool | None:
    """Whether what is called draws; None where only its code can tell."""
    names = facts.resolve(call.func).names
    if any(_is_draw(name) for name in names) or makes_layers(call, facts):
        return True
    if names and all(map(_is_harmless, names)):
        return False
    if isinstance(call.func, cst.Attribute) and not names:
        method = call.func.attr.value
        if method in filling_draws():
            return True
        if method in _HARMLESS_METHODS or _is_from_elsewhere(call.func.value, facts):
            return False
    return None


def _is_draw(name: str) -> bool:
    if name.startswith("torch.nn.init."):
        return True
    return name in tensor_draws() or name in INDEX_DRAWS or name in RANDOM_SPLITS


def _is_harmless(name: str) -> bool:
    return name.partition(".")[0] in _HARMLESS or name.startswith(_HARMLESS_MODULES)


def _is_from_elsewhere(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` can only be what a harmless function gave: a parser, a path."""

    def transfer(each: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        called = each.func if isinstance(each, cst.Call) else None
        if isinstance(called, cst.Attribute) and not facts.resolve(called).names:
            return [called.value]
        return None

    sources = facts.flow.sources(node, transfer)
    made = [each.func for each in sources.expressions if isinstance(each, cst.Call)]
    return (
        sources.complete
        and len(made) == len(sources.every)
        and all(all(map(_is_harmless, facts.resolve(each).names or ("",))) for each in made)
    )


# Generators.


def generator_at_hand(node: cst.Call, facts: FileFacts) -> str | None:
    """The name of a seeded generator for the CPU that was made before ``node``, the latest one."""
    body = body_of(node, facts)
    made = [
        target
        for target in _generators(body, facts)
        if facts.flow.before(target, node) is Order.CERTAINLY
    ]
    return made[-1].value if made else None


@remembered
def _generators(body: cst.CSTNode, facts: FileFacts) -> tuple[cst.Name, ...]:
    """The names of a body that stand for one seeded generator for the CPU and nothing else."""
    found: list[cst.Name] = []
    for call in calls_of(body, facts):
        if facts.means(call.func, _GENERATOR) and _is_for_cpu(call):
            target = _seeded_name(call, facts)
            if target is not None and len(facts.bindings(target)) == 1:
                found.append(target)
    return tuple(found)


def _is_for_cpu(call: cst.Call) -> bool:
    device = argument(call, "device", 0)
    return not call.args if device is None else string_value(device.value) == HOST_DEVICE


def _seeded_name(call: cst.Call, facts: FileFacts) -> cst.Name | None:
    """The name that the generator is bound to, if it is seeded there or in a call of its own."""
    use = facts.flow.use(call)
    seeded = use.kind is UseKind.METHOD and use.slot == _SEEDS
    if seeded and isinstance(use.by, cst.Call):
        use = facts.flow.use(use.by)
    if use.kind is not UseKind.REBOUND or not isinstance(use.by, cst.Assign):
        return None
    target = use.by.targets[0].target
    definition = facts.flow.definition(target)
    if not isinstance(target, cst.Name) or definition is None or len(use.by.targets) > 1:
        return None
    uses = facts.flow.uses(definition)
    later = any(each.kind is UseKind.METHOD and each.slot == _SEEDS for each in uses)
    return target if seeded or later else None
