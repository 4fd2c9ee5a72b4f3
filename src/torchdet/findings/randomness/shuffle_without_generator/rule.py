"""Shuffling and splitting without a generator changes with every other random draw.

## What it does
Reports `DataLoader(shuffle=True)`, `RandomSampler`, `SubsetRandomSampler`,
`WeightedRandomSampler` and `random_split` without a `generator`, and `torch.randperm`,
`torch.randint` and `torch.multinomial` without one in the methods of a sampler.

In a program that starts a process group, `DataLoader(shuffle=True)` without a sampler is reported
with other words where every rank seeds torch with the same number: all ranks read the same batches.

Silent are calls that pass `**kwargs`, in which a generator may be, and those right after a call
that seeds. A `shuffle` whose value the file does not tell is not reported. In files of tests
(`test_*.py`, `*_test.py`, `conftest.py`, and packages `tests` and `test_utils`) the rule is
silent: the order is rarely their point.

## Why is this bad?
The numbers come from torch's default generator, which everything else draws from as well. Even in
a seeded program, one more layer to initialise, a dropout on the CPU or a run that goes on from a
checkpoint gives the data another order, and a `random_split` moves samples from the training to
the validation set. In a sampler, the processes of a distributed run no longer agree on the order.

## Example
Bad:

```python
from torch.utils.data import DataLoader, random_split

train, valid = random_split(dataset, [0.9, 0.1])
loader = DataLoader(train, batch_size=32, shuffle=True)
```

Good:

```python
import torch
from torch.utils.data import DataLoader, random_split

generator = torch.Generator().manual_seed(0)
train, valid = random_split(dataset, [0.9, 0.1], generator=generator)
loader = DataLoader(train, batch_size=32, shuffle=True, generator=generator)
```

## Fix safety
Where the function has already made and seeded a generator, the fix passes it. It is unsafe: the
order becomes another one than before, and what else draws from that generator shifts.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.edit.node_edit import InsertAfter, NodeEdit, NodeFix, Replace
from torchdet.facts.enclosing import enclosing_class
from torchdet.facts.expressions import argument, has_unpacking, is_constant
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.module_role import ModuleRole, module_role
from torchdet.reading.randomness.data_classes import is_sampler
from torchdet.reading.randomness.earlier import generator_at_hand, seeded_just_before
from torchdet.reading.randomness.ranks import is_seeded_alike_on_all_ranks
from torchdet.torch_api.data_loading import DATA_LOADERS, RANDOM_SAMPLERS, RANDOM_SPLITS
from torchdet.torch_api.random_numbers import INDEX_DRAWS


def check_loader(reference: Reference, context: Context) -> Iterator[Draft]:
    """A `DataLoader` that shuffles by a sampler of its own."""
    call = _call(reference, context)
    if call is None or argument(call, "sampler", 3) or argument(call, "batch_sampler", 4):
        return
    shuffle = argument(call, "shuffle", 2)
    if shuffle is None:
        return
    values = context.facts.flow.sources(shuffle.value)
    if not values.complete or not all(is_constant(each, "True") for each in values.expressions):
        return
    if is_seeded_alike_on_all_ranks(context):
        yield Draft(
            call.func,
            "every rank seeds torch alike, and each shuffles the whole data set by itself: all "
            "train on the same batches; pass a `DistributedSampler`",
            confidence=Confidence.LIKELY,
        )
    else:
        yield from _finding(
            call,
            12,
            "the order of `DataLoader(shuffle=True)` comes from the default generator, and any "
            "other draw before it gives another order; pass `generator=`",
            context,
        )


def check_sampler(reference: Reference, context: Context) -> Iterator[Draft]:
    """One of torch's random samplers."""
    call = _call(reference, context)
    name = reference.name.rpartition(".")[2]
    if call is not None:
        yield from _finding(
            call,
            RANDOM_SAMPLERS[reference.name],
            f"the order of `{name}` comes from the default generator, and any other draw before "
            "it gives another order; pass `generator=`",
            context,
        )


def check_split(reference: Reference, context: Context) -> Iterator[Draft]:
    """A random split."""
    call = _call(reference, context)
    if call is not None:
        yield from _finding(
            call,
            RANDOM_SPLITS[reference.name],
            "`random_split` draws from the default generator, and any other draw before it moves "
            "samples from one part to another; pass `generator=`",
            context,
        )


def check_draw(reference: Reference, context: Context) -> Iterator[Draft]:
    """A draw in a sampler's method."""
    call = _call(reference, context)
    definition = enclosing_class(reference.node, context.facts) if call is not None else None
    confidence = is_sampler(definition, context.facts) if definition is not None else None
    if call is not None and confidence is not None:
        yield from _finding(
            call,
            None,
            f"`{reference.name}` in a sampler draws from the default generator: any other draw "
            "gives another order, and the processes of a distributed run need not agree; pass "
            "`generator=`",
            context,
            confidence,
        )


def _call(reference: Reference, context: Context) -> cst.Call | None:
    """The call of what is referred to, where it hides no argument."""
    call = context.facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return None
    if has_unpacking(call) or not call.args or module_role(context) is ModuleRole.TEST:
        return None
    return call


def _finding(
    call: cst.Call,
    position: int | None,
    message: str,
    context: Context,
    confidence: Confidence = Confidence.CERTAIN,
) -> Iterator[Draft]:
    facts = context.facts
    given = argument(call, "generator", position)
    if given is not None and not is_constant(given.value, "None"):
        return
    if not seeded_just_before(call, facts):
        yield Draft(call.func, message, _fix(call, given, context), confidence)


def _fix(call: cst.Call, given: cst.Arg | None, context: Context) -> NodeFix | None:
    name = generator_at_hand(call, context.facts)
    if name is None:
        return None
    edit: NodeEdit = (
        Replace(given.value, name)
        if given is not None
        else InsertAfter(call.args[-1].value, f", generator={name}")
    )
    return NodeFix(f"Draw from `{name}`", Applicability.UNSAFE, (edit,))


RULE = Rule(
    code="DET504",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"shuffle", b"Sampler", b"random_split"),
    names={
        **dict.fromkeys(DATA_LOADERS, check_loader),
        **dict.fromkeys(RANDOM_SAMPLERS, check_sampler),
        **dict.fromkeys(RANDOM_SPLITS, check_split),
        **dict.fromkeys(INDEX_DRAWS, check_draw),
    },
    stays=Grounds(
        "which generator the order is to come from has to be decided",
        "pass `generator=rt.generator(...)`, or `**rt.dataloader_options(...)` to a `DataLoader`",
    ),
)
