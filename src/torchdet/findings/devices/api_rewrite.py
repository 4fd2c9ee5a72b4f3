"""Edits that write a device-neutral equivalent where a CUDA-only name stood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import InsertAfter, InsertBefore, NodeEdit, Replace
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind
from torchdet.torch_api.device_apis import DeviceApi, Respelling, device_apis

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.index import DottedUse
    from torchdet.facts.scope import Binding

Edits = tuple[NodeEdit, ...]

# `torch.amp.autocast` takes the dtype before `enabled`, so positional arguments need their names.
_POSITIONAL_NAMES = {"torch.cuda.amp.autocast": ("enabled", "dtype", "cache_enabled")}
_FIRST_ARGUMENT_DIFFERS = frozenset({"torch.Event", "torch.Stream"})


def rewritten_in_place(node: cst.BaseExpression, api: DeviceApi, facts: FileFacts) -> Edits | None:
    """Edits for a use that is spelled from `torch` on, as `th.cuda.synchronize` is.

    None where the use is spelled otherwise, or where the equivalent takes other arguments.
    """
    torch = _torch_in(node, facts)
    if torch is None or api.replacement is None:
        return None
    renamed = facts.code(torch) + api.replacement.removeprefix("torch")
    call = facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and not call.args:
        whole = _call_without_arguments(call, renamed, api, facts)
        if whole is not None:
            return (whole,)
    arguments = _argument_edits(node, api, facts)
    if arguments is None:
        return None
    return (*_rename_edits(node, torch, api, facts), *arguments)


def rewritten_with_import(
    node: cst.BaseExpression, facts: FileFacts, torch_version: tuple[int, int]
) -> Edits | None:
    """Edits for a use of an imported name: of the import, and of every use of what it imports.

    None unless all that the statement imports moves to one other module.
    """
    root = _leftmost(node)
    bindings = facts.bindings(root) if root is not None else []
    if len(bindings) != 1 or not isinstance(bindings[0].node, cst.ImportAlias):
        return None
    statement = facts.parent(bindings[0].node)
    if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
        aliases = statement.names
    elif isinstance(statement, cst.Import) and bindings[0].node.asname is not None:
        aliases = (bindings[0].node,)
    else:
        return None
    edits: list[NodeEdit] = []
    targets: set[str] = set()
    for alias in aliases:
        moved = _move_alias(alias, facts, torch_version)
        if moved is None:
            return None
        targets.add(moved[0])
        edits += moved[1]
    if isinstance(statement, cst.Import):
        return (Replace(bindings[0].node.name, targets.pop()), *edits)
    modules = {target.rpartition(".")[0] for target in targets}
    if statement.module is None or len(modules) != 1:
        return None
    return (Replace(statement.module, modules.pop()), *edits)


def rewritten_with_assignment(
    node: cst.BaseExpression, facts: FileFacts, torch_version: tuple[int, int]
) -> tuple[Edits, Binding] | None:
    """Edits for a use of an assigned name: of its one assignment, and of every use of the name.

    ``node`` is the use or the assigned value of ``autocast = torch.cuda.amp.autocast``. The
    binding comes with the edits. None where something else is bound to the name, or where a use
    cannot be rewritten.
    """
    binding = _assignment_of(node, facts)
    if binding is None or binding.value is None:
        return None
    torch, names = _torch_in(binding.value, facts), facts.resolve(binding.value).names
    api = device_apis().get(names[0]) if len(names) == 1 else None
    if torch is None or api is None or api.replacement is None:
        return None
    if api.rewrite is Respelling.BY_HAND or not api.usable_in(torch_version):
        return None
    edits = [*_rename_edits(binding.value, torch, api, facts)]
    for use in _uses(binding, facts):
        if isinstance(facts.parent(use.node), cst.AssignTarget):
            continue
        arguments = _imported_use_edits(use, api, facts) if len(use.parts) == 1 else None
        if arguments is None:
            return None
        edits += arguments
    return tuple(edits), binding


def _assignment_of(node: cst.BaseExpression, facts: FileFacts) -> Binding | None:
    """The one binding, by an assignment, of the name that ``node`` is or is assigned to."""
    name: cst.CSTNode = node
    statement = facts.parent(node)
    if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
        name = statement.targets[0].target
    bindings = facts.bindings(name) if isinstance(name, cst.Name) else []
    only = bindings[0] if len(bindings) == 1 else None
    return only if only is not None and only.kind is BindingKind.ASSIGNMENT else None


def _move_alias(
    alias: cst.ImportAlias, facts: FileFacts, torch_version: tuple[int, int]
) -> tuple[str, list[NodeEdit]] | None:
    """Where what ``alias`` imports moves to, and the edits of its uses."""
    binding = next((each for each in facts.index.bindings() if each.node is alias), None)
    if binding is None or binding.qualified is None:
        return None
    edits: list[NodeEdit] = []
    targets: set[str] = set()
    for use in _uses(binding, facts):
        api = device_apis().get(".".join((binding.qualified, *use.parts[1:])))
        if api is None or api.replacement is None or not api.usable_in(torch_version):
            return None
        arguments = _imported_use_edits(use, api, facts)
        if arguments is None:
            return None
        edits += arguments
        read = "".join(f".{part}" for part in use.parts[1:])
        if not api.replacement.endswith(read):
            return None
        targets.add(api.replacement.removesuffix(read))
    if len(targets) != 1:
        return None
    target = targets.pop()
    same_name = target.rpartition(".")[2] == binding.qualified.rpartition(".")[2]
    return (target, edits) if same_name else None


def _uses(binding: Binding, facts: FileFacts) -> Iterator[DottedUse]:
    for scope in facts.index.scopes.values():
        if binding in scope.bindings.get(binding.name, ()):
            yield from facts.uses_of(binding.name, scope)


def _imported_use_edits(use: DottedUse, api: DeviceApi, facts: FileFacts) -> Edits | None:
    """The edits of one use whose name stays as it is."""
    node = use.node
    call = facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and not call.args:
        whole = _call_without_arguments(call, facts.code(node), api, facts)
        if whole is not None:
            return (whole,)
    return _argument_edits(node, api, facts)


# The name.


def _leftmost(node: cst.BaseExpression) -> cst.Name | None:
    while isinstance(node, cst.Attribute):
        node = node.value
    return node if isinstance(node, cst.Name) else None


def _torch_in(node: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression | None:
    """The part of ``node`` that means `torch`: a name, or `rt.torch`."""
    while isinstance(node, cst.Attribute):
        node = node.value
        if facts.resolve(node).names == ("torch",):
            return node
    return None


def _rename_edits(
    node: cst.BaseExpression, torch: cst.BaseExpression, api: DeviceApi, facts: FileFacts
) -> Edits:
    """The smallest edits that turn the name of ``api`` into that of its equivalent."""
    old = api.name.split(".")[1:]
    new = (api.replacement or "").split(".")[1:]
    if old == new:
        return ()
    while old and new and old[-1] == new[-1] and isinstance(node, cst.Attribute):
        old, new, node = old[:-1], new[:-1], node.value
    if len(old) == len(new) == 1 and isinstance(node, cst.Attribute):
        return (Replace(node.attr, new[0]),)
    return (Replace(node, ".".join((facts.code(torch), *new))),)


# The arguments.


def _call_without_arguments(
    call: cst.Call, function: str, api: DeviceApi, facts: FileFacts
) -> Replace | None:
    """``function("cuda")`` in place of a call; no node stands between its parentheses."""
    added = {
        Respelling.DEVICE_TYPE_FIRST: '"cuda"',
        Respelling.DEVICE_TYPE_KEYWORD: 'device_type="cuda"',
    }.get(api.rewrite)
    if added is None or "#" in facts.code(call):
        return None
    return Replace(call, f"{function}({added})")


def _argument_edits(node: cst.BaseExpression, api: DeviceApi, facts: FileFacts) -> Edits | None:
    """The edits of the arguments that the equivalent takes otherwise."""
    call = facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node:
        if api.rewrite is Respelling.RENAME:
            return _renamed_arguments(call, api, facts)
        if api.rewrite is Respelling.DEVICE_TYPE_FIRST:
            return _with_device_type(call, api)
        if api.rewrite is Respelling.DEVICE_TYPE_KEYWORD and call.args:
            return (InsertAfter(call.args[-1], ', device_type="cuda"'),)
        return None
    if api.rewrite is Respelling.RENAME:
        return ()
    if api.rewrite is Respelling.DEVICE_TYPE_KEYWORD and isinstance(call, cst.Decorator):
        return (InsertAfter(node, '(device_type="cuda")'),)
    if api.rewrite is Respelling.DEVICE_TYPE_FIRST and _in_annotation(node, facts):
        return ()
    return None


def _renamed_arguments(call: cst.Call, api: DeviceApi, facts: FileFacts) -> Edits | None:
    replacement = api.replacement or ""
    if replacement in _FIRST_ARGUMENT_DIFFERS:
        return () if all(arg.keyword is not None for arg in call.args) else None
    if not replacement.startswith("torch.accelerator.") or not call.args:
        return ()
    # Functions of torch.accelerator take their one argument by position only.
    if len(call.args) > 1 or call.args[0].star:
        return None
    only = call.args[0]
    return () if only.keyword is None else (Replace(only, facts.code(only.value)),)


def _with_device_type(call: cst.Call, api: DeviceApi) -> Edits | None:
    if not call.args or any(arg.star == "*" for arg in call.args):
        return None
    edits: list[NodeEdit] = []
    names = _POSITIONAL_NAMES.get(api.name, ())
    for index, arg in enumerate(call.args):
        named = index < len(names) and arg.keyword is None and not arg.star
        text = ('"cuda", ' if index == 0 else "") + (f"{names[index]}=" if named else "")
        if text:
            edits.append(InsertBefore(arg, text))
    return tuple(edits)


def _in_annotation(node: cst.CSTNode, facts: FileFacts) -> bool:
    for above in facts.ancestors(node):
        if isinstance(above, cst.Annotation):
            return True
        if isinstance(above, cst.BaseStatement):
            return False
    return False
