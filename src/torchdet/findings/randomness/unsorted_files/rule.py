"""Files listed in the file system's order differ from machine to machine.

## What it does
Reports `os.listdir`, `os.scandir`, `os.walk`, `glob.glob`, `glob.iglob` and `iterdir`, `glob` and
`rglob` of a path, in files that use torch, where the order of what they list shows: the items of
a data set, numbers given in turn, a split or a random draw, lists put together or paired, an
element picked by its position, or a list handed to the caller.

Silent is what sorts, and what no order can change: `len`, `any`, `in`, a set, or a loop that
treats each file by itself.

## Why is this bad?
These functions list in the order in which the file system stores the names. It differs between
machines, and after the files were copied or unpacked again. The same seed then shuffles another
sequence: other samples land in the validation set, and class numbers change their meaning.

## Example
Bad:

```python
import os

from torch.utils.data import Dataset


class Images(Dataset):
    def __init__(self, folder):
        self.files = os.listdir(folder)

    def __getitem__(self, index):
        return load(self.files[index])
```

Good:

```python
import os

from torch.utils.data import Dataset


class Images(Dataset):
    def __init__(self, folder):
        self.files = sorted(os.listdir(folder))

    def __getitem__(self, index):
        return load(self.files[index])
```

## Fix safety
The fix wraps the listing in `sorted(...)`. It is safe where the value is a list already or is
only iterated, and unsafe elsewhere: where an iterator may be read with `next`, or the object with
an `rglob` is not known to be a path. Entries of `os.scandir` are sorted
by their name. `os.walk` has no fix: its folders have to be sorted in place.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.edit.node_edit import InsertAfter, InsertBefore, NodeFix, Replace
from torchdet.facts.expressions import is_constant, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.randomness.order_effects import OrderUse
from torchdet.reading.randomness.order_uses import order_uses
from torchdet.reading.randomness.torch_files import uses_torch

_LISTS = frozenset({"os.listdir", "glob.glob"})
_PATHS = tuple(
    f"pathlib.{name}" for name in ("Path", "PosixPath", "WindowsPath", "Path.cwd", "Path.home")
)


def check_function(reference: Reference, context: Context) -> Iterator[Draft]:
    """A function of ``os`` or ``glob``."""
    call = context.facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    use = _order_use(call, context)
    if use is None or (reference.name == "os.walk" and _sorts_on_the_way(call, context)):
        return
    message = f"`{reference.name}` lists in the file system's order, and {use.effect}; "
    if reference.name == "os.walk":
        yield Draft(
            call.func,
            message + "sort the folders in place and iterate over `sorted(files)`",
            confidence=use.confidence,
        )
        return
    safe = reference.exact and (reference.name in _LISTS or _only_iterated(call, context))
    key = ", key=lambda entry: entry.name" if reference.name == "os.scandir" else ""
    fix = None if key and not safe else _sort(call, key, safe, context)
    yield Draft(call.func, message + "wrap it in `sorted(...)`", fix, use.confidence)


def check_method(attribute: cst.Attribute, context: Context) -> Iterator[Draft]:
    """A method of a path."""
    call = context.facts.parent(attribute)
    if not isinstance(call, cst.Call) or call.func is not attribute:
        return
    known = _is_path(attribute.value, context)
    name = attribute.attr.value
    if not known and (name == "glob" or _is_of_other_library(attribute, context)):
        return
    use = _order_use(call, context)
    if use is not None:
        yield Draft(
            call.func,
            f"`{name}` lists in the file system's order, and {use.effect}; wrap it in "
            "`sorted(...)`",
            _sort(call, "", known and _only_iterated(call, context), context),
            use.confidence if known else Confidence.LIKELY,
        )


def _order_use(call: cst.Call, context: Context) -> OrderUse | None:
    if not uses_torch(context.facts):
        return None
    return next(iter(order_uses(call, context.facts)), None)


def _sorts_on_the_way(call: cst.Call, context: Context) -> bool:
    """Whether the loop over ``os.walk`` sorts something itself."""
    loop = context.facts.parent(call)
    return isinstance(loop, cst.For) and any(
        "sort" in (last_name(node.func) or "")
        for node in descendants(loop.body)
        if isinstance(node, cst.Call)
    )


def _is_path(node: cst.BaseExpression, context: Context) -> bool:
    """Whether ``node`` is certainly a ``pathlib`` path."""
    if isinstance(node, cst.Name) and _is_annotated(node, context):
        return True
    ends = [
        end.node
        for end in context.facts.flow.sources(node, lambda each: _path_of(each, context)).every
        if not is_constant(end.node, "None")
    ]
    return bool(ends) and all(_makes_path(end, context) for end in ends)


def _is_of_other_library(attribute: cst.Attribute, context: Context) -> bool:
    """Whether what has the method was made elsewhere: ``zipfile.Path`` lists an archive."""
    facts = context.facts
    ends = facts.flow.sources(attribute.value).expressions
    made = [end.func for end in ends if isinstance(end, cst.Call)]
    return any(facts.resolve(each).names for each in (attribute, *made))


def _path_of(node: cst.BaseExpression, context: Context) -> list[cst.BaseExpression] | None:
    """What ``node`` is a path of, if it is a path: ``root`` for ``root / "state"``."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
        return [node.left]
    if isinstance(node, cst.Attribute) and node.attr.value == "parent":
        return [node.value]
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in _CHAINED
        and not context.facts.resolve(node.func).names
    ):
        return [node.func.value]
    return None


_CHAINED = frozenset({"resolve", "absolute", "expanduser", "joinpath", "with_suffix"})


def _makes_path(node: cst.CSTNode, context: Context) -> bool:
    if isinstance(node, cst.Call):
        return context.facts.means(node.func, *_PATHS)
    annotation = node.annotation if isinstance(node, cst.Param) else None
    return annotation is not None and context.facts.means(annotation.annotation, "pathlib.Path")


def _is_annotated(name: cst.Name, context: Context) -> bool:
    """Whether each definition that ``name`` can see says that it is a path."""
    facts = context.facts
    statements = [
        facts.parent(each.node) if isinstance(each.node, cst.Name) else each.node
        for each in facts.flow.definitions(name).definitions
    ]
    return bool(statements) and all(
        isinstance(each, (cst.AnnAssign, cst.Param))
        and each.annotation is not None
        and facts.means(each.annotation.annotation, "pathlib.Path")
        for each in statements
    )


def _only_iterated(call: cst.Call, context: Context) -> bool:
    """Whether a list would do as well as the iterator."""
    facts = context.facts
    parent = facts.parent(call)
    if isinstance(parent, (cst.For, cst.CompFor)):
        return True
    outer = facts.parent(parent) if isinstance(parent, cst.Arg) else None
    return isinstance(outer, cst.Call) and facts.means(
        outer.func, *(f"builtins.{name}" for name in ("list", "tuple", "enumerate", "zip", "map"))
    )


def _sort(call: cst.Call, key: str, safe: bool, context: Context) -> NodeFix | None:
    facts = context.facts
    if facts.scope(call).owner("sorted") is not None:
        return None
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    parent = facts.parent(call)
    outer = facts.parent(parent) if isinstance(parent, cst.Arg) else None
    if isinstance(outer, cst.Call) and facts.means(outer.func, "builtins.list"):
        edits = (Replace(outer.func, "sorted"), *((InsertAfter(call, key),) if key else ()))
        return NodeFix("Sort the files", applicability, edits)
    edits = (InsertBefore(call, "sorted("), InsertAfter(call, f"{key})"))
    return NodeFix("Sort the files", applicability, edits)


RULE = Rule(
    code="DET506",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"listdir", b"glob", b"iterdir", b"scandir", b"os.walk"),
    names=dict.fromkeys(
        ("os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"), check_function
    ),
    attributes=dict.fromkeys(("iterdir", "rglob", "glob"), check_method),
    stays=Grounds(
        "sorting changes what the program computes, not where",
        "apply `torchdet fix`, which sorts where that is possible",
    ),
)
