"""The runtime's handle is obtained in a worker, or kept at module level where it is to be passed.

## What it does
Reports `get_torch_handle()`, `apply_torch_runtime(...)` and imports of the facade inside a
function that the same file hands to a thread, a process, Ray, Dask or joblib, unless the file also
obtains the handle at module level, or in the function that starts the worker.

Under `policy = "inject"` it also reports a handle that is obtained at module level
(`rt = get_torch_handle()`), and each function that uses the effects of its module's handle
(`rt.device`, `rt.manual_seed(0)`): functions must receive the handle. Not reported: the block under
`if __name__ == "__main__":`, where a program obtains it, and namespaces (`torch = rt.torch`), which
are the same for everybody; a module takes them from `deferred_handle()`.

## Why is this bad?
The first call decides for the process: it reads the machine and the policy, and sets the flags. In
a thread that happens while the main thread may already compute; in a process it happens late, once
in each, and each may decide otherwise. A module-level handle makes importing a module an effect,
and leaves tests no place to pass another one.

## Example
Bad:

```python
from threading import Thread

from torchdet.runtime import get_torch_handle


def work() -> None:
    rt = get_torch_handle()
    rt.torch.zeros(3)


Thread(target=work).start()
```

Good:

```python
from threading import Thread

from torchdet.runtime import TorchHandle, get_torch_handle


def work(rt: TorchHandle) -> None:
    rt.torch.zeros(3)


if __name__ == "__main__":
    Thread(target=work, args=(get_torch_handle(),)).start()
```

## Fix safety
There is no fix in place: the callers have to pass the handle. `torchdet fix --migrate --inject
parameters` threads it through the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_body
from torchdet.facts.handle_names import APPLYING, DEFERRED_HANDLE, HANDLE, HANDLE_FACTORIES
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.screen import Outline
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Place, Reference
from torchdet.reading.handle_effects import HandleEffect, body_of, module_effects
from torchdet.reading.imports import facade_imports
from torchdet.reading.module_role import ModuleRole, module_role, runs_only_as_program
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.reading.workers import hand_offs

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check_factory(reference: Reference, context: Context) -> Iterator[Draft]:
    """A call that returns the handle."""
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    if in_runtime_module(context):
        return
    if enclosing_body(call, facts) is not None:
        if reference.name == DEFERRED_HANDLE:
            return  # which decides nothing, wherever it is obtained
        yield from _in_worker(call, "the handle is first obtained", context)
    elif (
        context.config.policy is Policy.INJECT
        and reference.name != DEFERRED_HANDLE
        and not _is_of_program(call, context)
    ):
        yield Draft(
            call,
            "a handle at module level is obtained when the module is imported; let functions "
            "receive it (`rt: TorchHandle`)",
        )


def check_handle(reference: Reference, context: Context) -> Iterator[Draft]:
    """An effect of the module's handle, under the policy that passes handles."""
    facts = context.facts
    if context.config.policy is not Policy.INJECT or in_runtime_module(context):
        return
    found = _first_effects(facts.module, facts).get(reference.node)
    if found is None:
        return
    if enclosing_body(found.name, facts) is None and _is_of_program(found.name, context):
        return
    what = f"`{found.name.value}.{found.operation}`" if found.operation else "passing it on"
    yield Draft(
        reference.node,
        f"{what} uses the handle of the module; let the function receive it (`rt: TorchHandle`)",
    )


def _is_of_program(node: cst.CSTNode, context: Context) -> bool:
    """Whether ``node``, outside of functions, runs as a program and not as an import."""
    role = module_role(context)
    return role in (ModuleRole.SCRIPT, ModuleRole.NOTEBOOK) or runs_only_as_program(
        node, context.facts
    )


@remembered
def _first_effects(_: cst.Module, facts: FileFacts) -> dict[cst.CSTNode, HandleEffect]:
    """The first effect in each of the outermost functions, and each that runs at import.

    They are kept by the handle's name there.
    """
    first: dict[cst.CSTNode, HandleEffect] = {}
    for each in module_effects(facts):
        first.setdefault(body_of(each.scope)[1] or each.name, each)
    return {each.name: each for each in first.values()}


def check_import(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    """An import of the facade inside a function."""
    if enclosing_body(node, context.facts) is None or in_runtime_module(context):
        return
    for place in facade_imports(context.place, context.facts):
        if place is node or context.facts.parent(place) is node:
            yield from _in_worker(place, "the facade is first imported", context)


def _in_worker(node: cst.CSTNode, what: str, context: Context) -> Iterator[Draft]:
    facts = context.facts
    obtaining = _functions_that_obtain(context.place, facts)
    if None in obtaining:
        return
    for hand_off in hand_offs(node, facts):
        if obtaining.isdisjoint(facts.ancestors(hand_off.place)):
            yield Draft(
                node,
                f"{what} in `{hand_off.function}`, which runs in {hand_off.kind}; do it before "
                "the workers start, and pass what they need",
            )
            return


@remembered
def _functions_that_obtain(place: Place, facts: FileFacts) -> frozenset[cst.CSTNode | None]:
    """The functions that obtain the handle or import the facade; None for the module."""
    places = [*facade_imports(place, facts)]
    for uses in facts.index.uses.values():
        for use in uses:
            parent = facts.parent(use.node)
            if isinstance(parent, cst.Call) and parent.func is use.node:
                resolution = facts.resolver.use(use)
                if resolution.names and APPLYING.issuperset(resolution.names):
                    places.append(use.node)
    return frozenset(enclosing_body(each, facts) for each in places)


def _may_be_there(outline: Outline, place: Place) -> bool:
    """Whether a function imports the facade, by whatever name."""
    last = place.config.facade_module.rpartition(".")[2]
    return any(
        last in module.split(".")
        for each in outline.imports
        if each.inside
        for module in each.modules()
    )


RULE = Rule(
    code="DET105",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"torch", b"facade"),
    names={**dict.fromkeys(sorted(HANDLE_FACTORIES), check_factory), HANDLE: check_handle},
    nodes={"Import": check_import, "ImportFrom": check_import},
    screen=Screen(file=_may_be_there),
    stays=Grounds(
        "whoever starts the worker has to hand it the handle, and no edit here does that",
        "obtain the handle in the program's entry point, and pass it to the function",
    ),
)
