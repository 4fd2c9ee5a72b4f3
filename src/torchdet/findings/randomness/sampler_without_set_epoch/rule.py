"""A `DistributedSampler` whose `set_epoch` is never called repeats one order in every epoch.

## What it does
Reports a shuffling `DistributedSampler` whose loader the same file iterates epoch after epoch,
where `set_epoch` stands nowhere in the file.

Silent are samplers with `shuffle=False`, those for validation and tests, loaders that are handed
to code elsewhere, and files that leave the loop to Lightning, Accelerate or the `Trainer` of
Transformers, which call `set_epoch` themselves.

## Why is this bad?
The sampler shuffles with a generator seeded from `seed + epoch`, and only `set_epoch` changes the
epoch. Without it every epoch has the same order, and every batch the same neighbours: the program
shuffles once and not, as it seems, in each epoch. A run that goes on from a checkpoint cannot set
the order that it should go on with either.

## Example
Bad:

```python
from torch.utils.data import DataLoader, DistributedSampler

loader = DataLoader(dataset, sampler=DistributedSampler(dataset))
for epoch in range(10):
    for batch in loader:
        step(batch)
```

Good:

```python
from torch.utils.data import DataLoader, DistributedSampler

sampler = DistributedSampler(dataset)
loader = DataLoader(dataset, sampler=sampler)
for epoch in range(10):
    sampler.set_epoch(epoch)
    for batch in loader:
        step(batch)
```

## Fix safety
There is no fix: the call belongs into the loop over the epochs, with its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from torchdet.facts.expressions import argument, is_constant, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_function
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.randomness.value_flow import ValueFlow, callers
from torchdet.torch_api.data_loading import DISTRIBUTED_SAMPLERS

_LOOPS_ELSEWHERE = (
    "accelerate",
    "lightning",
    "lightning_fabric",
    "pytorch_lightning",
    "transformers.Seq2SeqTrainer",
    "transformers.Trainer",
)
_EVALUATION = re.compile(r"val|test|eval|dev\b|predict|infer", re.IGNORECASE)
_WRAPPERS = frozenset({"enumerate", "iter", "tqdm", "zip", "list", "track", "cycle"})
_MOST_CALLS = 3


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or not call.args:
        return
    shuffle = argument(call, "shuffle", 3)
    if shuffle is not None and not is_constant(shuffle.value, "True"):
        return
    if any(arg.star for arg in call.args) or "set_epoch" in facts.source.text:
        return
    if any(
        f"{module}.".startswith(f"{name}.")
        for module in facts.imported_modules
        for name in _LOOPS_ELSEWHERE
    ):
        return
    search = _Search(facts)
    if search.is_repeated(call):
        yield Draft(
            call.func,
            f"nothing calls `set_epoch` of this `{last_name(call.func)}`, and every epoch has the "
            "same order; call it with the epoch before each pass over the loader",
            confidence=Confidence.LIKELY if search.leaves_file else Confidence.CERTAIN,
        )


class _Search(ValueFlow):
    """Follows a sampler into its loader, and the loader into loops."""

    leaves_file = False
    """Whether code elsewhere receives the sampler or the loader, and could call `set_epoch`."""

    def is_repeated(self, sampler: cst.Call) -> bool:
        """Whether one of the loops over the loader runs more than once, in training."""
        self.follow(sampler)
        answers = [self._step(node) for node in self.pending()]  # to the end: what leaves the file?
        return any(answers)

    def _step(self, node: cst.BaseExpression) -> bool:
        parent = self.facts.parent(node)
        if isinstance(parent, cst.Arg):
            call = self.facts.parent(parent)
            if isinstance(call, cst.Call):
                self._argument(parent, call)
        elif isinstance(parent, cst.For) and parent.iter is node:
            return not self._evaluates(parent) and self._runs_again(parent, _MOST_CALLS)
        elif isinstance(parent, cst.Assign):
            for target in parent.targets:
                self._assigned(target.target)
        elif isinstance(parent, (cst.IfExp, cst.BooleanOperation)):
            self.follow(parent)
        elif isinstance(parent, cst.Return):
            self.leaves_file = not self.follow_callers(parent) or self.leaves_file
        elif isinstance(parent, cst.Element):
            self.leaves_file = not self.follow_element(parent) or self.leaves_file
        elif isinstance(parent, cst.DictElement):
            self.leaves_file = True
        return False

    def _argument(self, arg: cst.Arg, call: cst.Call) -> None:
        name = last_name(call.func) or ""
        keyword = arg.keyword.value if arg.keyword is not None else ""
        if self.follow_parameter(arg, call):
            return
        if name in _WRAPPERS or keyword.endswith("sampler") or name.endswith("BatchSampler"):
            self.follow(call)
        elif name not in {"len", "isinstance", "print"}:
            self.leaves_file = True

    def _assigned(self, target: cst.BaseExpression) -> None:
        if isinstance(target, (cst.Name, cst.Attribute)):
            if not _EVALUATION.search(last_name(target) or ""):
                self.follow_target(target)
        else:
            self.leaves_file = True

    def _evaluates(self, loop: cst.For) -> bool:
        """Whether no training happens around the loop."""
        for above in self.facts.ancestors(loop):
            if isinstance(above, cst.With) and "no_grad" in self.facts.code(above.items[0]):
                return True
            if isinstance(above, cst.FunctionDef):
                decorators = [self.facts.code(each.decorator) for each in above.decorators]
                return _EVALUATION.search(above.name.value) is not None or any(
                    "no_grad" in each or "inference_mode" in each for each in decorators
                )
        return False

    def _runs_again(self, node: cst.CSTNode, calls: int) -> bool:
        """Whether ``node`` stands in a loop, or in a function that is called in one."""
        for above in self.facts.ancestors(node):
            if isinstance(above, (cst.For, cst.While)) and above is not node:
                return True
            if isinstance(above, (cst.FunctionDef, cst.Lambda)):
                break
        function = enclosing_function(node, self.facts)
        return (
            function is not None
            and calls > 0
            and any(self._runs_again(each, calls - 1) for each in callers(function, self.facts))
        )


RULE = Rule(
    code="DET510",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=b"torch",
    triggers=(b"DistributedSampler",),
    names=dict.fromkeys(DISTRIBUTED_SAMPLERS, check),
    stays=Grounds(
        "the call needs the number of the epoch, in the loop over the epochs",
        "call `set_epoch(epoch)` at the beginning of each epoch",
    ),
)
