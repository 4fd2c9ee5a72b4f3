"""A library's own generator, which no seed of the process reaches, is not seeded.

## What it does
Reports, in files that use torch, generators of libraries that start from the operating system's
entropy whatever else is seeded:

- `albumentations.Compose` without `seed=`, from albumentations 1.4.21 on, in a program or a data
  set that seeds something;
- `action_space.sample()` of Gymnasium and Gym, in a program that seeds something, where no code of
  the file seeds a space.

Not reported: environments that a library gets from its caller, or that are made with a `seed`;
files that call `set_random_seed`; spaces that are seeded anywhere in the file; and samples of an
`observation_space`, which stand for a shape.

## Why is this bad?
`random.seed`, `np.random.seed` and `torch.manual_seed` hide the fault: everything else repeats, and
augmentations or actions still differ from run to run. `env.reset(seed=...)` seeds the environment
and not its spaces.

## Example
Bad:

```python
import gymnasium as gym
import torch

torch.manual_seed(0)
env = gym.make("CartPole-v1")
env.reset(seed=0)
action = env.action_space.sample()
```

Good:

```python
import gymnasium as gym
import torch

torch.manual_seed(0)
env = gym.make("CartPole-v1")
env.reset(seed=0)
env.action_space.seed(0)
action = env.action_space.sample()
```

## Fix safety
No fix: choose where the seed comes from yourself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, has_unpacking, is_constant, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.findings.arguments_screen import is_called
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.module_role import ModuleRole, module_role
from torchdet.reading.randomness.program import program
from torchdet.reading.randomness.torch_files import uses_torch
from torchdet.torch_api.random_numbers import library_generators

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_CLASSES = tuple(name for name in library_generators() if "*" not in name)
_SPACES = re.compile(r"action_spaces?$")
_SPACE_PACKAGES = frozenset({"gym", "gymnasium"})
_SEEDS_SPACE = frozenset({"seed", "set_random_seed"})


def check_making(reference: Reference, context: Context) -> Iterator[Draft]:
    """A class whose objects have a generator of their own."""
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or has_unpacking(call):
        return
    keyword = library_generators()[reference.name]
    given = argument(call, keyword)
    if (given is not None and not is_constant(given.value, "None")) or not _matters(context):
        return
    if _is_nested(call, reference.name, facts) or _is_seeded_later(facts.module, facts):
        return
    yield Draft(
        call.func,
        f"`{last_name(call.func)}` has generators of its own since albumentations 1.4.21, which no "
        f"other seed reaches; pass `{keyword}=`",
        confidence=Confidence.LIKELY,
    )


def check_sample(attribute: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`env.action_space.sample()`."""
    facts = context.facts
    call = facts.parent(attribute)
    if not isinstance(call, cst.Call) or call.func is not attribute:
        return
    space = last_name(attribute.value) or ""
    if _SPACES.search(space) is None or not _matters(context) or not _imports_spaces(facts):
        return
    makers = _makers(attribute.value, facts)
    if any(argument(each, "seed") for each in makers):
        return
    if not program(context).entries and not makers:
        return  # whoever made the environment may have seeded it
    if _seeds_spaces(facts.module, facts) or attribute is not _first_sample(facts.module, facts):
        return
    yield Draft(
        call,
        f"`{space}` has a generator of its own, which no other seed reaches, `reset(seed=...)` "
        f"included; call `{facts.code(attribute.value)}.seed(...)` first",
        confidence=Confidence.LIKELY,
    )


def _matters(context: Context) -> bool:
    """Whether the file is meant to be repeated: it uses torch, and seeds or trains."""
    if not uses_torch(context.facts) or module_role(context) is ModuleRole.TEST:
        return False
    return _seeds_something(context.facts.module, context.facts) or (
        bool(program(context).entries) and program(context).is_to_repeat
    )


@remembered
def _seeds_something(module: cst.Module, facts: FileFacts) -> bool:
    """Whether any call of the file is called after seeding."""
    calls = (each for each in descendants(module) if isinstance(each, cst.Call))
    return any("seed" in (last_name(each.func) or "") for each in calls)


def _is_nested(call: cst.Call, name: str, facts: FileFacts) -> bool:
    """Whether it is an element of another such object, which seeds it."""
    for above in facts.ancestors(call):
        if isinstance(above, cst.Call) and facts.means(above.func, name):
            return True
        if isinstance(above, (cst.SimpleStatementLine, cst.FunctionDef)):
            return False
    return False


@remembered
def _is_seeded_later(module: cst.Module, facts: FileFacts) -> bool:
    del facts
    calls = (each for each in descendants(module) if isinstance(each, cst.Call))
    return any(last_name(each.func) == "set_random_seed" for each in calls)


def _makers(space: cst.BaseExpression, facts: FileFacts) -> list[cst.Call]:
    """The calls of the file that make the environment that has the space."""
    owner = space.value if isinstance(space, cst.Attribute) else space
    ends = (each.expression for each in facts.flow.sources(owner).every)
    return [each for each in ends if isinstance(each, cst.Call)]


def _imports_spaces(facts: FileFacts) -> bool:
    roots = {module.partition(".")[0] for module in facts.imported_modules}
    return not roots.isdisjoint(_SPACE_PACKAGES)


@remembered
def _seeds_spaces(module: cst.Module, facts: FileFacts) -> bool:
    """Whether the file calls ``seed`` of a space, or of what may hold one."""
    del facts
    for node in descendants(module):
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            owner = last_name(node.func.value) or ""
            if node.func.attr.value in _SEEDS_SPACE and "space" in owner:
                return True
    return False


@remembered
def _first_sample(module: cst.Module, facts: FileFacts) -> cst.Attribute | None:
    """One sample stands for all: they have one remedy."""
    del module
    same = facts.index.attributes.get("sample", ())
    return next((each for each in same if _SPACES.search(last_name(each.value) or "")), None)


RULE = Rule(
    code="DET513",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"albumentations", b"_space"),
    names=dict.fromkeys(_CLASSES, check_making),
    attributes={"sample": check_sample},
    screen=Screen(mentions=dict.fromkeys((*_CLASSES, "sample"), is_called)),
    stays=Grounds(
        "which seed, and where the program takes it from, has to be decided",
        "pass the library's generator a seed derived from the program's",
    ),
)
