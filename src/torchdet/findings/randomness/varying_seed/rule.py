"""A seed that is another one in every run, or generators that all start from the same one.

## What it does
Reports seeds that nobody can repeat: `torch.seed()`, `torch.random.seed()`, `torch.cuda.seed()` and
`seed_all()` and their like for other devices, and `generator.seed()` on a `torch.Generator`; and
seeds taken from the time, the process, the operating system's entropy or a UUID, in
`torch.manual_seed`, `generator.manual_seed`, `random.seed`, `numpy.random.seed`, `default_rng`,
and the helpers of well-known libraries. A number drawn from Python's or NumPy's global generator
counts too, in a program that trains or seeds some generator, and never that one. Silent is a seed
that only stands in where the user gave none (`if args.seed is None: args.seed = ...`).

Reports, too, a second unseeded `torch.Generator()` in one function, and one in a loop, that numbers
are drawn from: every unseeded generator starts from the same fixed seed (67280421310721).

## Why is this bad?
A seed that differs from run to run has the effect of none, and reads as if the program were
seeded. Unseeded `torch.Generator()`s have the opposite fault: noise that should be independent is
the same numbers twice.

## Example
Bad:

```python
import time

import torch

torch.manual_seed(int(time.time()))
```

```python
import torch


def split_and_mask(data):
    order = torch.Generator()
    noise = torch.Generator()
    masked = torch.rand(len(data), generator=noise) < 0.1
    return torch.randperm(len(data), generator=order), masked
```

Good:

```python
import torch

torch.manual_seed(17)


def split_and_mask(data):
    order = torch.Generator().manual_seed(0)
    noise = torch.Generator().manual_seed(1)
    masked = torch.rand(len(data), generator=noise) < 0.1
    return torch.randperm(len(data), generator=order), masked
```

## Fix safety
Of unseeded generators, the later ones get `.manual_seed(1)`, `.manual_seed(2)`, and so on. In the
function of a DataLoader's worker, `torch.seed()` becomes `torch.initial_seed()`, which is the seed
that torch gave the worker. Both are unsafe: other numbers are drawn. Otherwise there is no fix:
which seed to write is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import InsertAfter, NodeFix, Replace
from torchdet.facts.enclosing import enclosing_body
from torchdet.facts.expressions import argument
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.screen import Mention, Outline
from torchdet.facts.walk import descendants
from torchdet.findings.arguments_screen import is_called
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Place, Reference
from torchdet.reading.randomness.generators import (
    Made,
    made_without_seed,
    stands_in,
    uses_of_generator,
)
from torchdet.reading.randomness.program import program
from torchdet.reading.randomness.worker_functions import runs_in_workers
from torchdet.torch_api.random_numbers import (
    NUMPY_DRAWS,
    PYTHON_DRAWS,
    RESEEDERS,
    SEEDED_BY_FIRST_ARGUMENT,
    Stream,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Scope

_DIFFER = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "os.getpid",
        "os.getrandom",
        "os.urandom",
        "secrets.randbelow",
        "secrets.randbits",
        "secrets.token_bytes",
        "secrets.token_hex",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.time",
        "time.time_ns",
        "uuid.uuid1",
        "uuid.uuid4",
        *RESEEDERS,
    }
)


def check_reseed(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    if stands_in(call, facts):
        return
    fix = None
    in_worker = _in_worker_function(call, facts)
    if in_worker and reference.name == "torch.seed" and isinstance(reference.node, cst.Attribute):
        fix = NodeFix(
            "Use the seed that torch gave the worker",
            Applicability.UNSAFE,
            (Replace(reference.node.attr, "initial_seed"),),
        )
    remedy = (
        "read the worker's with `torch.initial_seed()`"
        if in_worker
        else "seed with `torch.manual_seed(...)`, or read the seed with `torch.initial_seed()`"
    )
    yield Draft(
        call,
        f"`{reference.name}()` seeds with another number in every run; {remedy}",
        fix,
    )


def check_seeder(reference: Reference, context: Context) -> Iterator[Draft]:
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node:
        yield from _check_seed(call, context)


def check_generator_method(attribute: cst.Attribute, context: Context) -> Iterator[Draft]:
    """``generator.seed()``, and ``generator.manual_seed(...)`` with a seed that differs."""
    facts = context.facts
    call = facts.parent(attribute)
    if not isinstance(call, cst.Call) or call.func is not attribute:
        return
    if not _is_generator(attribute.value, facts):
        return
    if attribute.attr.value == "manual_seed":
        yield from _check_seed(call, context)
    elif not call.args and not stands_in(call, facts):
        yield Draft(
            call,
            f"`{facts.code(attribute)}()` seeds with another number in every run; write "
            "`.manual_seed(...)`",
        )


def check_unseeded(reference: Reference, context: Context) -> Iterator[Draft]:
    """The second and later of the unseeded generators of one function, and one in a loop."""
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    alike = _drawn_from(call, facts)
    if call not in alike:
        return
    number = alike.index(call)
    if number:
        yield Draft(
            call,
            "an unseeded `torch.Generator()` starts from the same fixed seed as every other: this "
            "one draws the same numbers as the one before it; write "
            f"`torch.Generator().manual_seed({number})`",
            NodeFix(
                "Seed the generator",
                Applicability.UNSAFE,
                (InsertAfter(call, f".manual_seed({number})"),),
            ),
        )
    elif facts.flow.order.repeats(call):
        yield Draft(
            call,
            "an unseeded `torch.Generator()` starts from the same fixed seed in every pass of the "
            "loop, and draws the same numbers; make it before the loop, or seed it",
        )


def _check_seed(call: cst.Call, context: Context) -> Iterator[Draft]:
    given = argument(call, "seed", 0)
    if given is None:
        return
    facts = context.facts
    if stands_in(call, facts):
        return
    for source in _sources(given.value, facts):
        found = None if stands_in(source, facts) else _differing(source, context)
        if found is not None:
            node, confidence = found
            elsewhere = node not in set(descendants(given.value))
            if elsewhere and facts.means(node.func, *RESEEDERS):
                continue  # reported where it stands; what follows repeats the numbers
            yield Draft(
                given.value,
                f"a seed from `{facts.code(node.func)}()` is another one in every run; seed with a "
                "number that the run's configuration keeps",
                confidence=confidence,
            )
            return


def _sources(value: cst.BaseExpression, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """``value``, or what it comes from, and what the names inside it come from."""
    for end in facts.flow.sources(value).expressions:
        yield end
        for node in descendants(end):
            if isinstance(node, cst.Name) and _is_read(node, facts):
                yield from (
                    each for each in facts.flow.sources(node).expressions if each is not node
                )


def _is_read(node: cst.Name, facts: FileFacts) -> bool:
    """Whether it is a variable, not the name of an attribute or of an argument."""
    above = facts.parent(node)
    if isinstance(above, cst.Attribute):
        return node is above.value
    return not isinstance(above, cst.Arg) or node is above.value


def _differing(value: cst.BaseExpression, context: Context) -> tuple[cst.Call, Confidence] | None:
    """The call inside ``value`` that returns something else in every run."""
    for node in descendants(value):
        if isinstance(node, cst.Call):
            names = context.facts.resolve(node.func).names
            if names and all(name in _DIFFER for name in names):
                return node, Confidence.CERTAIN
            for draws, stream in ((PYTHON_DRAWS, Stream.PYTHON), (NUMPY_DRAWS, Stream.NUMPY)):
                if names and all(name in draws for name in names):
                    start = program(context)
                    if start.entries and start.unseeded(stream) and start.is_to_repeat:
                        return node, Confidence.LIKELY
    return None


def _in_worker_function(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether it is in a function that a data loader runs in its workers."""
    function = enclosing_body(node, facts)
    return function is not None and runs_in_workers(function, facts) is not None


def _is_generator(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is a ``torch.Generator`` wherever its value can come from in the file."""
    ends = [end.expression for end in facts.flow.sources(node).every]
    return bool(ends) and all(end is not None and _makes_generator(end, facts) for end in ends)


def _makes_generator(node: cst.BaseExpression, facts: FileFacts) -> bool:
    if isinstance(node, cst.Subscript):
        return facts.means(node.value, "torch.cuda.default_generators")
    if facts.means(node, "torch.default_generator"):
        return True
    if not isinstance(node, cst.Call):
        return False
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "manual_seed":
        return _makes_generator(node.func.value, facts)
    return facts.means(node.func, "torch.Generator")


def _drawn_from(call: cst.Call, facts: FileFacts) -> Sequence[cst.Call]:
    """The unseeded generators like ``call`` in its function that numbers are drawn from."""
    return _unseeded(facts.module, facts).get((facts.scope(call), facts.code(call)), ())


@remembered
def _unseeded(
    module: cst.Module, facts: FileFacts
) -> Mapping[tuple[Scope, str], Sequence[cst.Call]]:
    """The unseeded generators that numbers are drawn from, by scope and spelling."""
    del module
    found: dict[tuple[Scope, str], list[cst.Call]] = {}
    for uses in facts.index.uses.values():
        for use in uses:
            made = facts.parent(use.node)
            if not isinstance(made, cst.Call) or made.func is not use.node:
                continue
            if facts.means(use.node, "torch.Generator") and _is_drawn_from(made, facts):
                found.setdefault((use.scope, facts.code(made)), []).append(made)
    return found


def _is_drawn_from(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the generator is passed as ``generator=``, and to nothing that might seed it."""
    if made_without_seed(call, facts) is not Made.UNSEEDED:
        return False
    uses = uses_of_generator(call, facts)
    return bool(uses) and all(
        use.kind is UseKind.ARGUMENT and use.slot == "generator" for use in uses
    )


_MAY_DIFFER = frozenset({*_DIFFER, *PYTHON_DRAWS, *NUMPY_DRAWS})


def _may_differ(mention: Mention, outline: Outline, _place: Place) -> bool:
    """Whether it is called in a file with anything that differs from run to run."""
    return mention.call is not None and bool(outline.references(_MAY_DIFFER))


RULE = Rule(
    code="DET501",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"seed", b"Generator("),
    requires=(b"torch",),
    names={
        **dict.fromkeys(sorted(RESEEDERS), check_reseed),
        **dict.fromkeys(sorted(SEEDED_BY_FIRST_ARGUMENT), check_seeder),
        "torch.Generator": check_unseeded,
    },
    attributes={"manual_seed": check_generator_method, "seed": check_generator_method},
    screen=Screen(
        mentions={
            **dict.fromkeys((*RESEEDERS, "torch.Generator", "seed"), is_called),
            **dict.fromkeys((*SEEDED_BY_FIRST_ARGUMENT, "manual_seed"), _may_differ),
        }
    ),
    stays=Grounds(
        "which seed is meant only the program's author knows",
        "take the seed from the configuration, and seed once with `rt.manual_seed(...)`",
    ),
)
