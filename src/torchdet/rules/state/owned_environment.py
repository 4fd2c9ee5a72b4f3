"""An environment variable that decides determinism is written in code, where it comes too late.

## What it does
Reports code that writes or removes, in `os.environ` or by `os.putenv`, one of
`CUBLAS_WORKSPACE_CONFIG`, `PYTHONHASHSEED`, `NVIDIA_TF32_OVERRIDE`,
`TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`, `TORCHINDUCTOR_DETERMINISTIC` and `ATEN_CPU_CAPABILITY`.

Silent are: reading them, the environment handed to a child process (`env=`, a copy of
`os.environ`), `monkeypatch.setenv` and `mock.patch.dict` in tests, a function that then replaces
the process (`os.execv` and its like), and modules named in `runtime-modules`. Variables that
launchers set for good reasons (`OMP_NUM_THREADS`, `NCCL_ALGO`) are no finding.

## Why is this bad?
Each of these variables is read once: `PYTHONHASHSEED` when the interpreter starts, so that a
write from inside changes nothing but child processes; the others when torch or a CUDA library is
loaded or first used, so that the write works or not depending on what ran before it. Nothing says
which of the two happened.

## Example
Bad:

```python
import os


def seed_everything(seed: int) -> None:
    os.environ["PYTHONHASHSEED"] = str(seed)
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
```

Good:

```python
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()  # sets CUBLAS_WORKSPACE_CONFIG in time, or says that it is too late
```

`PYTHONHASHSEED=0 python train.py` sets the other one where it counts.

## Fix safety
There is no fix: the right place is outside the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.origins import origins
from torchdet.model.diagnostic import Severity
from torchdet.rules.base import Context, Draft, Reference, Rule
from torchdet.rules.runtime_modules import in_runtime_module
from torchdet.rules.wording import runtime_sets

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_READ_WHEN = {
    "CUBLAS_WORKSPACE_CONFIG": "at the first cuBLAS call",
    "PYTHONHASHSEED": "when Python starts",
    "NVIDIA_TF32_OVERRIDE": "when the CUDA libraries load",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "when torch is imported",
    "TORCHINDUCTOR_DETERMINISTIC": "when the compiler's configuration is imported",
    "ATEN_CPU_CAPABILITY": "at the first operation",
}
_SET_BY_RUNTIME = frozenset({"CUBLAS_WORKSPACE_CONFIG", "TORCHINDUCTOR_DETERMINISTIC"})
_ONE_KEY_METHODS = frozenset({"setdefault", "pop", "__setitem__", "__delitem__"})
_EXEC = frozenset(f"os.exec{suffix}" for suffix in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe"))


def check_environ(reference: Reference, context: Context) -> Iterator[Draft]:
    """``os.environ``: item assignment, ``del``, the writing methods, ``|=``."""
    node = reference.node
    parent = context.facts.parent(node)
    if isinstance(parent, cst.Subscript) and parent.value is node:
        yield from _item(parent, context)
    elif isinstance(parent, cst.Attribute):
        yield from _method(parent, context)
    elif isinstance(parent, cst.AugAssign) and parent.target is node:
        yield from _mapping(parent.value, context)


def check_putenv(reference: Reference, context: Context) -> Iterator[Draft]:
    """``os.putenv`` and ``os.unsetenv``."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node and call.args:
        yield from _written(call, call.args[0].value, context)


def _item(item: cst.Subscript, context: Context) -> Iterator[Draft]:
    parent = context.facts.parent(item)
    targeted = (
        isinstance(parent, (cst.AssignTarget, cst.Del))
        or (isinstance(parent, (cst.AugAssign, cst.AnnAssign)) and parent.target is item)
        or (isinstance(parent, cst.Element) and _is_target(parent, context.facts))
    )
    key = item.slice[0].slice if len(item.slice) == 1 else None
    if targeted and isinstance(key, cst.Index):
        yield from _written(item, key.value, context)


def _is_target(element: cst.Element, facts: FileFacts) -> bool:
    return isinstance(facts.parent(facts.parent(element)), (cst.AssignTarget, cst.Del))


def _method(method: cst.Attribute, context: Context) -> Iterator[Draft]:
    call = context.facts.parent(method)
    if not isinstance(call, cst.Call) or call.func is not method:
        return
    if method.attr.value in _ONE_KEY_METHODS and call.args:
        yield from _written(call, call.args[0].value, context)
    if method.attr.value == "update":
        for passed in call.args:
            if passed.keyword is None:
                yield from _mapping(passed.value, context)
            else:
                yield from _report(passed, passed.keyword.value, context)


def _mapping(node: cst.BaseExpression, context: Context) -> Iterator[Draft]:
    """A dictionary display, ``dict(...)``, or a list of pairs, written into the environment."""
    for end in origins(node, context.facts).expressions:
        for key in _keys(end):
            yield from _written(key, key, context)
        if isinstance(end, cst.Call) and context.facts.means(end.func, "builtins.dict"):
            for passed in end.args:
                if passed.keyword is not None:
                    yield from _report(passed, passed.keyword.value, context)


def _keys(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(node, cst.Dict):
        for entry in node.elements:
            if isinstance(entry, cst.DictElement):
                yield entry.key
    elif isinstance(node, (cst.List, cst.Tuple)):
        for pair in node.elements:
            if isinstance(pair.value, (cst.Tuple, cst.List)) and pair.value.elements:
                yield pair.value.elements[0].value


def _written(node: cst.CSTNode, key: cst.BaseExpression, context: Context) -> Iterator[Draft]:
    names = {string_value(end) for end in origins(key, context.facts).expressions}
    for name in sorted(name for name in names if name in _READ_WHEN):
        yield from _report(node, name, context)


def _report(node: cst.CSTNode, name: str, context: Context) -> Iterator[Draft]:
    if name not in _READ_WHEN or in_runtime_module(context) or _replaces_process(node, context):
        return
    if name == "PYTHONHASHSEED":
        yield Draft(
            node,
            "`PYTHONHASHSEED` has no effect on the process that sets it, only on its children; set "
            "it before Python starts",
        )
        return
    remedy = "set it where the process is started"
    if name in _SET_BY_RUNTIME:
        remedy = f"{runtime_sets(context.config)} sets it in time"
    yield Draft(
        node, f"`{name}` is read once, {_READ_WHEN[name]}, and ignored afterwards; {remedy}"
    )


def _replaces_process(node: cst.CSTNode, context: Context) -> bool:
    """Whether the function around ``node`` then starts this process anew, with ``os.exec*``."""
    facts = context.facts
    scope = facts.scope(node)
    return any(
        use.scope is scope and not _EXEC.isdisjoint(facts.resolver.use(use).names)
        for root in ("os", *(name.removeprefix("os.") for name in _EXEC))
        for use in facts.index.uses.get(root, ())
    )


RULE = Rule(
    code="DET206",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=tuple(name.encode() for name in _READ_WHEN),
    names={
        "os.environ": check_environ,
        "os.putenv": check_putenv,
        "os.unsetenv": check_putenv,
    },
)
