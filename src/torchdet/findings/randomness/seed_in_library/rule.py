"""A library seeds the process of whoever imports it, or makes one of its objects.

## What it does
Reports calls that seed the global generators of torch, `random` or NumPy in code that other code
imports: outside of functions, where importing the module seeds, and in `__init__` of a data set or
a `torch.nn.Module`, where making an object does. Code counts as imported by others when it lies in
a package and starts no program, or when its module does nothing but define.

Not reported: a seed that only a given argument brings (`if seed is not None:`), seeds whose
generator's state is put back, code below `torch.random.fork_rng()`, and tests.

## Why is this bad?
The global generators belong to the program. After `torch.manual_seed(42)` in a library, every seed
that the user chose before has no effect: runs with different seeds give the same numbers, samples
that should differ repeat each time an object is made, and a search over seeds measures nothing.

## Example
Bad:

```python
import numpy as np
import torch
from torch.utils.data import Dataset


class Subset(Dataset):
    def __init__(self, items, seed=0):
        np.random.seed(seed)
        self.items = [items[i] for i in np.random.permutation(len(items))[:100]]
```

Good:

```python
import numpy as np
import torch
from torch.utils.data import Dataset


class Subset(Dataset):
    def __init__(self, items, seed=0):
        rng = np.random.default_rng(seed)
        self.items = [items[i] for i in rng.permutation(len(items))[:100]]
```

## Fix safety
No fix: what draws after the call has to draw from a generator of its own instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, last_name, string_value
from torchdet.facts.flow.branch_conditions import none_test
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.findings.arguments_screen import is_called
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.module_role import ModuleRole, module_role, runs_at_import
from torchdet.reading.randomness.data_classes import is_dataset
from torchdet.reading.randomness.program import program
from torchdet.reading.tensors.module_classes import is_module_class
from torchdet.torch_api.random_numbers import SEEDING_FUNCTIONS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_PUTS_BACK = frozenset({"setstate", "set_state", "set_rng_state", "set_rng_state_all"})
_OWN_STATE = frozenset({"fork_rng", "temp_seed", "temporary_seed", "numpy_seed", "local_seed"})


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or not call.args:
        return
    if is_constant(call.args[0].value, "None") or not _is_imported(context):
        return
    cause = _cause(call, facts)
    if cause is None or _is_asked_for(call, facts) or _keeps_state(call, facts):
        return
    in_package = module_role(context) is ModuleRole.LIBRARY
    yield Draft(
        call,
        f"{cause} seeds `{reference.name.partition('.')[0]}` for the whole process, and undoes the "
        "seed that the program has chosen; draw from a generator of its own instead",
        confidence=Confidence.CERTAIN if in_package else Confidence.LIKELY,
    )


def _cause(call: cst.Call, facts: FileFacts) -> str | None:
    """What makes the call run in the process of others."""
    if runs_at_import(call, facts):
        return "importing this module"
    method = next((each for each in facts.ancestors(call) if isinstance(each, _BODIES)), None)
    if not isinstance(method, cst.FunctionDef) or method.name.value != "__init__":
        return None
    owner = facts.scope(method).node
    if not isinstance(owner, cst.ClassDef):
        return None
    if is_dataset(owner, facts) is not None or is_module_class(owner, facts):
        return f"making a `{owner.name.value}`"
    return None


_BODIES = (cst.FunctionDef, cst.Lambda)
_DEFINITIONS = (cst.FunctionDef, cst.ClassDef)


def _is_imported(context: Context) -> bool:
    """Whether the module is there for others: in a package, or nothing but definitions."""
    role = module_role(context)
    if role is ModuleRole.SCRIPT:
        return _only_defines(context.facts.module, context.facts)
    if role is not ModuleRole.LIBRARY or program(context).entries:
        return False
    statements = context.facts.module.body
    works = any(isinstance(each, (cst.For, cst.While, cst.With)) for each in statements)
    return not works and any(isinstance(each, _DEFINITIONS) for each in statements)


@remembered
def _only_defines(module: cst.Module, facts: FileFacts) -> bool:
    """Whether the code outside of functions is imports, constants, definitions, and seeds."""
    defines = False
    for statement in module.body:
        if isinstance(statement, _DEFINITIONS):
            defines = True
        elif not isinstance(statement, cst.SimpleStatementLine) or not all(
            _is_passive(each, facts) for each in statement.body
        ):
            return False
    return defines


def _is_passive(statement: cst.BaseSmallStatement, facts: FileFacts) -> bool:
    if isinstance(statement, cst.Expr):
        if string_value(statement.value) is not None:
            return True
        call = statement.value
        return isinstance(call, cst.Call) and facts.means(call.func, *SEEDING_FUNCTIONS)
    if isinstance(statement, (cst.Assign, cst.AnnAssign)):
        return statement.value is None or not any(
            isinstance(each, cst.Call) for each in descendants(statement.value)
        )
    return isinstance(statement, (cst.Import, cst.ImportFrom, cst.Pass))


def _is_asked_for(call: cst.Call, facts: FileFacts) -> bool:
    """Whether a condition says that the caller has passed a seed, or a wish for one."""
    for condition in facts.flow.conditions(call):
        told = none_test(condition.test, condition.holds)
        if told is not None and not told.is_none:
            return True
        if condition.holds and "seed" in (last_name(condition.test) or ""):
            return True
    return False


def _keeps_state(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the code around puts the state back, or seeds a copy of the generators."""
    for above in facts.ancestors(call):
        if isinstance(above, cst.With):
            entered = (each.item for each in above.items)
            names = {last_name(each.func) for each in entered if isinstance(each, cst.Call)}
            if not _OWN_STATE.isdisjoint(names):
                return True
        if isinstance(above, (cst.FunctionDef, cst.Module)):
            return _puts_back(above, facts)
    return False


@remembered
def _puts_back(body: cst.CSTNode, facts: FileFacts) -> bool:
    del facts
    calls = (each for each in descendants(body) if isinstance(each, cst.Call))
    return any(last_name(each.func) in _PUTS_BACK for each in calls)


RULE = Rule(
    code="DET511",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"seed", b"set_determinism"),
    names=dict.fromkeys(SEEDING_FUNCTIONS, check),
    screen=Screen(mentions=dict.fromkeys(SEEDING_FUNCTIONS, is_called)),
    stays=Grounds(
        "what draws after the call has to draw from a generator of its own",
        "make a generator from the seed and draw from it, and leave the global ones alone",
    ),
)
