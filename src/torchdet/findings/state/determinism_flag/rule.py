"""A determinism flag of torch is weakened, or written outside the runtime.

## What it does
Reports writes to the switches that decide whether two runs take the same kernels:
`torch.use_deterministic_algorithms` and `set_deterministic_debug_mode`,
`torch.backends.cudnn.benchmark` and `.deterministic`, `torch.backends.mkldnn.deterministic`,
`torch.utils.deterministic.fill_uninitialized_memory` and `torch._inductor.config.deterministic`;
as assignments, calls, `setattr`, and through `torch.backends.cudnn.flags(...)` and its like. So
does Lightning's `Trainer(benchmark=True)`, of which only what weakens a flag is reported.

A value that weakens the flag is reported wherever it stands, and so is `cudnn.deterministic = True`
that another function of the file takes the point from with `cudnn.benchmark = True`. Where the
project has chosen a policy, any other value, one that only the run knows included
(`cudnn.benchmark = args.benchmark`), is reported as written outside the runtime, unless the module
is one of `runtime-modules`; elsewhere right settings and those that an option decides are fine.
Silent are: putting back a value that was read from the flag before, a good value in a function that
also saves the old one, and a good value in a context manager.

## Why is this bad?
The flags belong to the process: the last writer wins, in every module and thread. A script that
asks for determinism and a library that sets `cudnn.benchmark = True` afterwards differ from run
to run without any error. Where one place writes them all and reads them back, none is forgotten:
`use_deterministic_algorithms(True)` alone leaves `cudnn.benchmark` as it was.

## Example
Bad:

```python
import torch

torch.use_deterministic_algorithms(True, warn_only=True)
torch.backends.cudnn.benchmark = True
```

Good:

```python
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()
torch = rt.torch
```

## Fix safety
Where a literal weakens a flag, the fix writes the other value. It is unsafe: training can become
slower, and operations without a deterministic algorithm raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import is_constant, literal_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.findings.base import Draft, Rule
from torchdet.findings.state.flag_writes import FlagStatement, FlagWrite, checks_of_writes
from torchdet.findings.wording import or_in_policy, runtime_sets
from torchdet.model.config import Policy
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.reading.state.saved_values import restores
from torchdet.torch_api.switches import CUDNN, DETERMINISM_SWITCHES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Scope


_BENCHMARK = f"{CUDNN}.benchmark"
_DETERMINISTIC = f"{CUDNN}.deterministic"


def check(writes: tuple[FlagWrite, ...], context: Context) -> Iterator[Draft]:
    facts = context.facts
    undecided = context.config.policy is Policy.UNDECIDED
    weakening = [
        write
        for write in writes
        if write.bad_values(facts) and not (undecided and _is_left_to_the_user(write, facts))
    ]
    for write in weakening:
        yield Draft(
            write.node,
            f"{write.accusation(facts)}{or_in_policy(context.config, 'leave it to the runtime')}",
            write.fix(),
            subject=FlagStatement(writes),
        )
    if weakening or in_runtime_module(context):
        return
    if undecided:
        yield from _outdone(writes, facts)
        return
    written = [write for write in writes if not write.passing and not _puts_back(write, facts)]
    if written:
        yield Draft(
            written[0].node,
            f"{_described(written[0], facts)} outside the runtime; "
            f"{runtime_sets(context.config)} sets all of them once and reads them back",
            subject=FlagStatement(writes),
        )


def _outdone(writes: tuple[FlagWrite, ...], facts: FileFacts) -> Iterator[Draft]:
    """A right setting that a write of another flag elsewhere in the file takes the point from."""
    for write in writes:
        good = write.decisive is not None and is_constant(write.decisive, "True")
        if write.flag.name != _DETERMINISTIC or not good or write.scoped:
            continue
        around = enclosing_function(write.node, facts)
        tuning = _tuning_writes(facts.module, facts)
        # Whoever writes both flags in one function has thought of them together.
        if any(each.function is around for each in tuning):
            continue
        contrary = next((each for each in tuning if each.is_on), None)
        if contrary is not None:
            yield Draft(
                write.node,
                f"`{write.spelling.format('True')}` leaves the choice among deterministic "
                f"algorithms to timing while `{_BENCHMARK}` is True, as "
                f"{contrary.name} sets it; write False there",
                subject=FlagStatement(writes),
            )


@dataclass(frozen=True, slots=True)
class _Tuning:
    """A write of cuDNN's switch for choosing by timing, in ``function`` or in the module.

    ``is_on`` says that it switches it on, under no condition.
    """

    function: cst.FunctionDef | None
    is_on: bool

    @property
    def name(self) -> str:
        return f"`{self.function.name.value}`" if self.function is not None else "the module"


@remembered
def _tuning_writes(module: cst.Module, facts: FileFacts) -> tuple[_Tuning, ...]:
    del module
    found = []
    for uses in facts.index.uses.values():
        for use in uses:
            if use.parts[-1] != "benchmark" or _BENCHMARK not in facts.resolver.use(use).names:
                continue
            target = facts.parent(use.node)
            statement = facts.parent(target) if isinstance(target, cst.AssignTarget) else None
            if isinstance(statement, cst.Assign):
                always = not any(isinstance(each, cst.If) for each in facts.ancestors(statement))
                is_on = always and is_constant(statement.value, "True")
                found.append(_Tuning(enclosing_function(statement, facts), is_on))
    return tuple(found)


def _is_left_to_the_user(write: FlagWrite, facts: FileFacts) -> bool:
    """Whether the value comes from an option, or from whoever calls: not from the file alone.

    So it does where calls of the file switch the flag either way: a program that compares both.
    """
    if write.implied is not None:
        return False
    if not write.is_known(facts):
        return True
    ends = facts.flow.sources(write.decisive).expressions if write.decisive is not None else ()
    return isinstance(write.decisive, cst.Name) and not write.flag.bad.issuperset(
        map(literal_value, ends)
    )


def _described(write: FlagWrite, facts: FileFacts) -> str:
    if write.is_known(facts) and write.decisive is not None:
        written = write.spelling.format(facts.code(write.decisive))
        return f"`{written}` sets one of the determinism flags"
    return f"`{write.flag.name}` gets a value that only the run knows,"


def _puts_back(write: FlagWrite, facts: FileFacts) -> bool:
    """Whether the flag has its old value again after the write, or after the block around it."""
    readers = _readers(write)
    if write.value is None:
        return False
    if restores(write.value, readers, facts):
        return True
    return write.is_known(facts) and (write.scoped or _saves(write.node, readers, facts))


def _readers(write: FlagWrite) -> tuple[str, ...]:
    return (write.flag.name, *write.flag.readers) if write.flag.attribute else write.flag.readers


def _saves(node: cst.CSTNode, readers: tuple[str, ...], facts: FileFacts) -> bool:
    """Whether the function around ``node`` keeps what one of ``readers`` returned."""
    kept = _kept_reads(facts.module, facts).get(facts.scope(node), ())
    return any(names.issubset(readers) for names in kept)


_LAST_NAMES = frozenset(
    reader.rpartition(".")[2]
    for switch in DETERMINISM_SWITCHES
    for reader in (switch.name, *switch.readers)
)


@remembered
def _kept_reads(module: cst.Module, facts: FileFacts) -> Mapping[Scope, list[frozenset[str]]]:
    """What each scope keeps of the values that it reads: the names that each read may mean."""
    del module
    found: dict[Scope, list[frozenset[str]]] = {}
    for uses in facts.index.uses.values():
        for use in uses:
            if use.parts[-1] in _LAST_NAMES and _is_kept(use.node, facts):
                names = facts.resolver.use(use).names
                if names:
                    found.setdefault(use.scope, []).append(frozenset(names))
    return found


def _is_kept(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the value of ``node``, or of a call of it, is assigned to something."""
    parent = facts.parent(node)
    if isinstance(parent, cst.Call) and parent.func is node:
        parent = facts.parent(parent)
    if isinstance(parent, cst.Element):
        parent = facts.parent(facts.parent(parent))
    return isinstance(parent, (cst.Assign, cst.AnnAssign, cst.NamedExpr))


RULE = Rule(
    code="DET204",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    causes=Consequence.VARIES,
    eased_in_tests=True,
    requires=(b"torch", b"lightning"),
    triggers=(b"cudnn", b"mkldnn", b"determin", b"benchmark"),
    names=checks_of_writes(DETERMINISM_SWITCHES, check),
)
