"""What keeps a function or a class from receiving the handle, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import libcst as cst

from torchdet.facts.expressions import last_name
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.walk import descendants
from torchdet.findings.base import Grounds
from torchdet.migrate.injection.file_outline import Binding, ClassKind
from torchdet.reading.context import Context
from torchdet.reading.scripted import CompiledCode

_PLAIN_DECORATORS = frozenset(
    {"staticmethod", "classmethod", "property", "setter", "getter", "deleter", "wraps"}
)
_TRANSPARENT = (
    "abc.",
    "contextlib.",
    "functools.",
    "pytest.",
    "torch._dynamo.disable",
    "torch.autocast",
    "torch.compile",
    "torch.compiler.disable",
    "torch.enable_grad",
    "torch.inference_mode",
    "torch.jit.ignore",
    "torch.jit.unused",
    "torch.no_grad",
    "typing.",
    "typing_extensions.",
    "unittest.",
    "warnings.deprecated",
)
_DISPATCHING = ("functools.singledispatch", "functools.cached_property")

_COMPILED = Grounds(
    "TorchScript compiles it, and cannot read a handle",
    "take the device from a tensor, such as `x.device`, or pass it as an argument",
)
_AUTOGRAD = Grounds(
    "torch calls it with what `apply` was given, and `apply` takes no keywords",
    "pass the device as an argument of `apply`",
)
_SPECIAL = Grounds(
    "Python calls it by itself, and passes no handle",
    "move what needs the handle into `__init__` or into a function that receives it",
)
_TYPE_COMMENT = Grounds(
    "a type comment lists its parameters",
    "write annotations instead of the comment, and migrate again",
)
_SPECIAL_METHODS = frozenset({"__new__", "__init_subclass__", "__class_getitem__", "__prepare__"})


def function_obstacle(
    nodes: Sequence[cst.FunctionDef],
    owner: str,
    binding: Binding,
    compiled: CompiledCode,
    context: Context,
) -> Grounds | None:
    """Why a function can receive no handle, as far as its file tells; None if it can."""
    facts = context.facts
    if any(compiled.holds(node.body) for node in nodes):
        return _COMPILED
    if nodes[0].name.value in _SPECIAL_METHODS:
        return _SPECIAL
    if owner and binding is not Binding.METHOD and _is_autograd(nodes[0], facts):
        return _AUTOGRAD
    if any(_has_type_comment(node, facts) for node in nodes):
        return _TYPE_COMMENT
    return None


def _is_autograd(node: cst.FunctionDef, facts: FileFacts) -> bool:
    owner = facts.scope(node).node
    return isinstance(owner, cst.ClassDef) and any(
        facts.means(base.value, "torch.autograd.Function", "torch.autograd.function.Function")
        for base in owner.bases
    )


def _has_type_comment(node: cst.FunctionDef, facts: FileFacts) -> bool:
    if "# type: (" not in facts.source.text:
        return False
    header = facts.code(node).split("\n", 3)[:3]
    return any("# type: (" in row for row in header)


def decorators_of(
    nodes: Sequence[cst.FunctionDef], facts: FileFacts
) -> Iterator[cst.BaseExpression]:
    """The decorators that are not known to pass all arguments on."""
    for node in nodes:
        for each in node.decorators:
            called = each.decorator.func if isinstance(each.decorator, cst.Call) else each.decorator
            if last_name(called) in _PLAIN_DECORATORS:
                continue
            names = facts.resolve(called).names
            passes = bool(names) and all(name.startswith(_TRANSPARENT) for name in names)
            if not passes or any(name in _DISPATCHING for name in names):
                yield called


def is_fixture(node: cst.FunctionDef, facts: FileFacts) -> bool:
    """Whether pytest calls the function for its value."""
    for each in node.decorators:
        called = each.decorator.func if isinstance(each.decorator, cst.Call) else each.decorator
        if facts.means(called, "pytest.fixture", "pytest_asyncio.fixture"):
            return True
    return False


_FIELDS = Grounds(
    "its instances are made from its fields",
    "pass the handle to the methods that need it",
)
_SLOTS = Grounds("it has `__slots__`", "add `rt` to them, and migrate again")
_NEW = Grounds(
    "its `__new__` takes the arguments, too",
    "let `__new__` take any keyword, and give `__init__` the handle",
)
_HYPERPARAMETERS = Grounds(
    "`save_hyperparameters()` would keep the handle in checkpoints",
    'name the parameters to save, or write `save_hyperparameters(ignore=["rt"])`',
)
_MADE_FROM_FIELDS = (
    "enum.",
    "pydantic.",
    *(
        f"{module}.{name}"
        for module in ("typing", "typing_extensions")
        for name in ("NamedTuple", "Protocol", "TypedDict")
    ),
)
_FIELD_DECORATORS = frozenset({"attrs", "define", "frozen", "s", "pytree_node"})


def class_obstacle(
    name: str,
    node: cst.ClassDef,
    kind: ClassKind,
    functions: Collection[str],
    context: Context,
) -> Grounds | None:
    """Why instances of a class cannot keep the handle, as far as its file tells."""
    facts = context.facts
    for base in node.bases:
        plain = base.value.value if isinstance(base.value, cst.Subscript) else base.value
        if any(name.startswith(_MADE_FROM_FIELDS) for name in facts.resolve(plain).names):
            return _FIELDS
    for each in node.decorators:
        called = each.decorator.func if isinstance(each.decorator, cst.Call) else each.decorator
        if last_name(called) in _FIELD_DECORATORS:
            return _FIELDS
    if f"{name}.__new__" in functions:
        return _NEW
    scope = facts.index.scopes[node]
    if "__slots__" in scope.bindings:
        return _SLOTS
    if kind is ClassKind.PLAIN and "save_hyperparameters" in facts.source.text and _saves_all(node):
        return _HYPERPARAMETERS
    return None


def _saves_all(node: cst.ClassDef) -> bool:
    calls = (each for each in descendants(node.body) if isinstance(each, cst.Call))
    return any(
        last_name(call.func) == "save_hyperparameters"
        and not any(arg.keyword is None or arg.keyword.value == "ignore" for arg in call.args)
        for call in calls
    )
