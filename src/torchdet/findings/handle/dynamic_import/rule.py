"""torch is imported by name at run time, or reached through `sys.modules`.

## What it does
Reports `importlib.import_module("torch")`, `__import__("torch")` and the same for submodules, with
the name written out, in a variable, or begun by a literal (`f"torch.{name}"`); and
`sys.modules["torch"]`, read, written, deleted, or by `get`, `setdefault` and `pop`.

Silent are questions that import nothing: `"torch" in sys.modules`, `importlib.util.find_spec`, a
`sys.modules.get("torch")` that is only tested. So are `monkeypatch.setitem(sys.modules, ...)` and
`mock.patch.dict(sys.modules, ...)`, which put back what they found, and the modules that
`runtime-modules` names. Under the facade's policy imports are fine in a file that imports the
facade.

## Why is this bad?
It is `import torch` in a form that readers, import sorters and most linters don't see: it yields
a torch that the runtime has not set up. Writing to `sys.modules` swaps torch under every module
that imports it later.

## Example
Bad:

```python
import importlib

torch = importlib.import_module("torch")
```

Good:

```python
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()
torch = rt.torch
SummaryWriter = rt.module("torch.utils.tensorboard").SummaryWriter
```

## Fix safety
There is no fix: where the handle comes from is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, is_constant, string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.imports import facade_imports, is_torch
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.torch_modules import on_handle

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_ANY_SUBMODULE = "torch."
_WRITING_METHODS = frozenset({"setdefault", "pop", "__setitem__", "__delitem__"})


@dataclass(frozen=True, slots=True)
class DynamicImport:
    """A use of a module of torch that is named by a string.

    ``node`` is the call of ``importer``, the qualified name of a function that imports; or, where
    that is None, what reads or writes ``sys.modules``.
    """

    node: cst.CSTNode
    importer: str | None


def check_import(reference: Reference, context: Context) -> Iterator[Draft]:
    """``importlib.import_module`` and ``__import__``."""
    call = context.facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    passed = argument(call, "name", 0)
    module = _torch_module(passed.value, context.facts) if passed is not None else None
    package = argument(call, "package", 1)
    if module is None and passed is not None and package is not None:
        module = _relative_module(passed.value, package.value)
    if module is not None and not _is_allowed(call, context, writing=False):
        yield Draft(
            call,
            f"importing `{_shown(module)}` by name {_hidden(context)}; {_use(module, context)}",
            subject=DynamicImport(call, reference.name),
        )


def check_modules(reference: Reference, context: Context) -> Iterator[Draft]:
    """``sys.modules``: its items and methods."""
    access = _item(reference.node, context.facts) or _method(reference.node, context.facts)
    if access is None:
        return
    module = _torch_module(access.key, context.facts)
    if module is None or _is_allowed(access.node, context, writing=access.writing):
        return
    shown = f'`sys.modules["{_shown(module)}"]`'
    message = (
        f"writing {shown} swaps torch under every module that imports it later"
        if access.writing
        else f"{shown} {_hidden(context)}; {_use(module, context)}"
    )
    yield Draft(access.node, message, subject=DynamicImport(access.node, None))


@dataclass(frozen=True, slots=True)
class _Access:
    """A use of one entry of ``sys.modules``."""

    node: cst.CSTNode
    key: cst.BaseExpression
    writing: bool


def _item(node: cst.BaseExpression, facts: FileFacts) -> _Access | None:
    item = facts.parent(node)
    if isinstance(item, cst.Subscript) and item.value is node and len(item.slice) == 1:
        index = item.slice[0].slice
        if isinstance(index, cst.Index):
            writing = isinstance(facts.parent(item), (cst.AssignTarget, cst.AugAssign, cst.Del))
            return _Access(item, index.value, writing)
    return None


def _method(node: cst.BaseExpression, facts: FileFacts) -> _Access | None:
    method = facts.parent(node)
    call = facts.parent(method) if isinstance(method, cst.Attribute) else None
    if isinstance(method, cst.Attribute) and isinstance(call, cst.Call) and call.args:
        writing = method.attr.value in _WRITING_METHODS
        reading = method.attr.value == "get" and not _is_only_tested(call, facts)
        if call.func is method and (writing or reading):
            return _Access(call, call.args[0].value, writing)
    return None


def _is_allowed(node: cst.CSTNode, context: Context, *, writing: bool) -> bool:
    if in_runtime_module(context) or context.facts.under_type_checking(node):
        return True
    policy = context.config.policy
    after_facade = policy is Policy.FACADE and bool(facade_imports(context.place, context.facts))
    return (after_facade or policy is Policy.EFFECTS) and not writing


def _torch_module(node: cst.BaseExpression, facts: FileFacts) -> str | None:
    """The module of torch that the string ``node`` names; ``torch.`` for any below it.

    None where it can name something else as well: a helper that imports whatever it is asked for.
    """
    found: str | None = None
    for end in facts.flow.sources(node).expressions:
        text = string_value(end)
        if text is not None and is_torch(text):
            found = found or text
        elif text is None and _beginning(end).startswith(_ANY_SUBMODULE):
            found = found or _ANY_SUBMODULE
        elif text is not None:
            return None
    return found


def _relative_module(name: cst.BaseExpression, package: cst.BaseExpression) -> str | None:
    """``import_module(".nn", "torch")`` and its like."""
    above, below = string_value(package), string_value(name)
    if above is None or below is None or not is_torch(above) or not below.startswith("."):
        return None
    return f"{above}{below}" if not below.startswith("..") else "torch"


def _beginning(node: cst.BaseExpression) -> str:
    """The literal text with which an f-string, a sum or a formatted string begins."""
    while isinstance(node, cst.BinaryOperation):
        node = node.left
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        node = node.func.value
    if isinstance(node, cst.FormattedString) and node.parts:
        first = node.parts[0]
        return first.value if isinstance(first, cst.FormattedStringText) else ""
    return string_value(node) or ""


def _is_only_tested(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the value of ``node`` is only asked for its truth, or whether it is None."""
    parent = facts.parent(node)
    if isinstance(parent, cst.Comparison):
        return is_constant(parent.comparisons[0].comparator, "None")
    if isinstance(parent, (cst.If, cst.IfExp, cst.While, cst.Assert)):
        return parent.test is node
    return isinstance(parent, cst.UnaryOperation)


def _shown(module: str) -> str:
    return "torch..." if module == _ANY_SUBMODULE else module


def _hidden(context: Context) -> str:
    if context.config.policy is Policy.UNDECIDED:
        return "hides torch from whoever reads the imports"
    return "bypasses the runtime"


def _use(module: str, context: Context) -> str:
    policy = context.config.policy
    if policy is Policy.UNDECIDED:
        return "import it by an `import` statement"
    if policy is Policy.FACADE:
        return f"import `{context.config.facade_module}` first"
    reached = "rt.module(...)" if module == _ANY_SUBMODULE else on_handle(module)
    return f"use `{reached}` of the handle"


RULE = Rule(
    code="DET103",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b'"torch', b"'torch"),
    names={
        "importlib.import_module": check_import,
        "importlib.__import__": check_import,
        "builtins.__import__": check_import,
        "sys.modules": check_modules,
    },
)
