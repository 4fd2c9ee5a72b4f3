"""Code that serves each kind of device in a branch of its own, or is about one kind by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import last_name, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited, remembered
from torchdet.facts.walk import descendants
from torchdet.reading.devices.device_conditions import (
    DEVICE_WORDS,
    Told,
    available_types,
    device_facts,
    is_established,
    is_for_another_device,
    named_in,
)
from torchdet.reading.devices.device_text import words
from torchdet.reading.devices.guarded_imports import is_imported_behind_check
from torchdet.torch_api.device_types import ACCELERATOR_TYPES, BACKEND_TYPES, WORDS_FOR_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

_ACCELERATORS = frozenset(ACCELERATOR_TYPES)


def serves_one_type(kind: str, node: cst.CSTNode, context: Context) -> bool:
    """Whether the code around ``node`` is the part for devices of the type ``kind``.

    A condition says so (`is_established`), or the key of a table
    (``{"cuda": torch.cuda.synchronize}``), or the conditions around name another type, so that
    ``node`` stands in one of several branches; or the function, class or module around is the part
    for ``kind`` (`is_named_for`). The word CUDA in a name says nothing by itself: it stands for the
    usual accelerator. What bears it must have a counterpart, be used in parts for CUDA only, or
    tell a base that CUDA is its type. So is a module that its package imports only where there is
    CUDA.
    """
    facts = context.facts
    if _stands_in_part(kind, node, facts):
        return True
    if kind != "cuda":
        return is_named_for(kind, node, context)
    if _is_for_library(node, context) or is_imported_behind_check(context):
        return True
    return any(
        _is_part(above, facts) or _is_skipped_without_cuda(above, facts)
        for above in facts.ancestors(node)
        if isinstance(above, (cst.FunctionDef, cst.ClassDef))
    )


def _stands_in_part(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a condition or a table right around ``node`` makes it the part for ``kind``."""
    if is_established(kind, node, facts) or kind in _keys_around(node, facts):
        return True
    if is_for_another_device(kind, node, facts):
        return False
    return any(
        (word in ACCELERATOR_TYPES and word != kind) or kind in BACKEND_TYPES.get(word, ())
        for word in _named_around(node, facts)
    )


# Functions and classes that are one part of several.


@remembered
def _is_part(owner: cst.FunctionDef | cst.ClassDef, facts: FileFacts) -> bool:
    """Whether ``owner`` is one part of several, the one for CUDA that its name says.

    It is a method ``cuda``, has a counterpart for another type of device beside it (``MPSTimer``
    beside ``CudaTimer``), the file uses it only in parts for CUDA, or it is a class that tells a
    base that CUDA is its type. Under any name, it is one if a table or a registry chooses it.
    """
    if _is_chosen_by_table(owner, facts):
        return True
    if "cuda" not in words(owner.name.value):
        return False
    if owner.name.value == "cuda" or _has_counterpart(owner, facts):
        return True
    if isinstance(owner, cst.ClassDef) and "cuda" in _types_told(owner):
        return True
    uses = _uses_of(owner, facts)
    return bool(uses) and all(_stands_in_part("cuda", use, facts) for use in uses)


def _is_chosen_by_table(owner: cst.FunctionDef | cst.ClassDef, facts: FileFacts) -> bool:
    """Whether ``owner`` is used under the key of CUDA alone, or registered under it."""
    registered = (
        string_value(arg.value)
        for each in owner.decorators
        if isinstance(call := each.decorator, cst.Call)
        if _REGISTERING.search(last_name(call.func) or "")
        for arg in call.args
    )
    if "cuda" in registered:
        return True
    named = facts.uses_of(owner.name.value, facts.scope(owner))
    if not any("cuda" in _keys_around(use.node, facts) for use in named):
        return False
    return all("cuda" in _keys_around(use, facts) for use in _uses_of(owner, facts))


_REGISTERING = re.compile(r"regist|dispatch|impl", re.IGNORECASE)


@remembered
def _is_skipped_without_cuda(owner: cst.FunctionDef | cst.ClassDef, facts: FileFacts) -> bool:
    """Whether a decorator skips a test where CUDA is missing."""
    return any(_skips_without_cuda(each.decorator, facts) for each in owner.decorators)


def _skips_without_cuda(decorator: cst.BaseExpression, facts: FileFacts) -> bool:
    name = (
        last_name(decorator.func if isinstance(decorator, cst.Call) else decorator) or ""
    ).lower()
    if name.startswith("require"):
        return not {"cuda", "gpu"}.isdisjoint(words(name))
    if not isinstance(decorator, cst.Call) or name not in _SKIPPING or not decorator.args:
        return False
    condition = decorator.args[0].value
    return "cuda" in available_types(condition, name == "skipunless", facts)


_SKIPPING = frozenset({"skipif", "skipunless"})


def _is_for_library(node: cst.CSTNode, context: Context) -> bool:
    """Whether a name around speaks of a library that only CUDA has: ``to_tensorrt``."""
    spoken = _names_around(node, context.facts).union(words(context.module_name.rpartition(".")[2]))
    return any("cuda" in WORDS_FOR_TYPES.get(word, ()) for word in spoken)


def _has_counterpart(owner: cst.FunctionDef | cst.ClassDef, facts: FileFacts) -> bool:
    form = _form(owner.name.value)
    scope = facts.scope(owner)
    return any(
        isinstance(binding.node, type(owner)) and _form(name) == form
        for name, bindings in scope.bindings.items()
        if name != owner.name.value
        for binding in bindings
    )


def _form(name: str) -> tuple[str, ...]:
    """The words of a name with a hole for each type of device."""
    return tuple("" if word in DEVICE_WORDS else word for word in words(name))


def _types_told(owner: cst.ClassDef) -> frozenset[str]:
    """The types of devices that a class with a base gives as its own: ``device_type = "cuda"``."""
    if not owner.bases:
        return frozenset()
    told: set[str] = set()
    for statement in owner.body.body:
        if isinstance(statement, cst.FunctionDef) and len(statement.body.body) > 2:
            continue
        for node in descendants(statement):
            value = (
                node.value if isinstance(node, (cst.Assign, cst.AnnAssign, cst.Return)) else None
            )
            text = string_value(value) if value is not None else None
            if text is not None:
                told.add(text)
    return frozenset(told)


def _uses_of(owner: cst.FunctionDef | cst.ClassDef, facts: FileFacts) -> list[cst.BaseExpression]:
    """Where the file names a function or class, or calls a method, outside of it."""
    definition = facts.flow.definition(owner)
    uses = [use.node for use in facts.flow.uses(definition)] if definition is not None else []
    if isinstance(owner, cst.FunctionDef):
        uses += [call.func for call in facts.flow.callers(owner).calls]
    return [use for use in uses if owner not in facts.ancestors(use)]


def is_asked_for(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a condition that decides whether ``node`` runs names ``kind``, wanted or not."""
    return kind in _named_around(node, facts)


def _named_around(node: cst.CSTNode, facts: FileFacts) -> frozenset[str]:
    """What the conditions on the way to ``node`` name, and the chains of which they are links."""
    on_way = {each.kind for each in device_facts(node, facts) if each.told is Told.NAMED}
    return _named_by_chains_around(node, facts).union(on_way)


def is_named_for(kind: str, node: cst.CSTNode, context: Context) -> bool:
    """Whether ``kind`` is a word of the name of a function or class around, or of the module."""
    if kind in _names_around(node, context.facts):
        return True
    return kind in words(context.module_name.rpartition(".")[2])


def _names_step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], _facts: FileFacts
) -> frozenset[str]:
    """The words of the functions around ``below``, and of the classes whose bodies hold it."""
    inside = isinstance(above, cst.FunctionDef) or (
        isinstance(above, cst.ClassDef) and below is above.body
    )
    if inside and isinstance(above, (cst.FunctionDef, cst.ClassDef)):
        return outer.union(words(above.name.value))
    return outer


_names_around = inherited(frozenset[str](), _names_step)


def _keys_step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], _facts: FileFacts
) -> frozenset[str]:
    """The keys of tables in whose values ``below`` is, and the texts in the operands beside it."""
    if isinstance(above, cst.FunctionDef):
        return frozenset()
    beside: Iterable[cst.CSTNode] = ()
    if isinstance(above, cst.DictElement) and below is above.value:
        beside = (above.key,)
    elif isinstance(above, cst.BooleanOperation):
        beside = descendants(above.left if below is above.right else above.right)
    texts = (string_value(each) for each in beside)
    return outer.union(text for text in texts if text is not None)


_keys_around = inherited(frozenset[str](), _keys_step)


def _step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], facts: FileFacts
) -> frozenset[str]:
    """The devices of which the chains and operands beside ``below`` in its function speak."""
    if isinstance(above, (cst.FunctionDef, cst.Lambda)):
        return frozenset()
    if isinstance(above, cst.If) and not _is_elif(above, facts):
        return outer | _named_by_chains(above, facts)
    if isinstance(above, cst.BooleanOperation) and below is above.left:
        return outer | named_in(above.right)
    return outer


_named_by_chains_around = inherited(frozenset[str](), _step)


def _is_elif(statement: cst.If, facts: FileFacts) -> bool:
    above = facts.parent(statement)
    return isinstance(above, cst.If) and above.orelse is statement


def _named_by_chains(head: cst.If, facts: FileFacts) -> frozenset[str]:
    """The devices that the tests of a chain name, and those of its neighbours.

    Makers that are asked for one after another, each in an ``if`` of its own, count as a chain.
    """
    own = _named_by_chain(head, facts)
    block = facts.parent(head)
    if not isinstance(block, cst.IndentedBlock) or _ACCELERATORS.isdisjoint(own):
        return own
    return _named_in_block(block, facts)


@remembered
def _named_by_chain(head: cst.If, facts: FileFacts) -> frozenset[str]:
    del facts
    found: frozenset[str] = frozenset()
    link: cst.If | cst.Else | None = head
    while isinstance(link, cst.If):
        found |= named_in(link.test)
        link = link.orelse
    return found


@remembered
def _named_in_block(block: cst.IndentedBlock, facts: FileFacts) -> frozenset[str]:
    chains = (each for each in block.body if isinstance(each, cst.If))
    return frozenset(word for chain in chains for word in _named_by_chain(chain, facts))


def is_requirement_of_test(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is part of what `skipIf`, `skipUnless` or `skipif` asks for.

    Or of the condition under which a test is skipped: ``if not torch.cuda.is_available():
    return unittest.skip("needs CUDA")(test)``.
    """
    below: cst.CSTNode = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.If) and below is above.test:
            return len(above.body.body) == 1 and any(
                isinstance(each, cst.Call) and last_name(each.func) in {"skip", "skipTest"}
                for each in descendants(above.body)
            )
        called = last_name(above.func) if isinstance(above, cst.Call) else None
        if called is not None and called.lower() in _SKIPPING:
            return True
        below = above
        if isinstance(above, cst.BaseStatement):
            return False
    return False


def is_expected_value(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a test expects the value of ``node``, a device or a comparison of one.

    ``assert model.device == torch.device("cuda", 1)`` in a test, ``assertEqual(x.device, "cuda")``.
    """
    below: cst.CSTNode = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.Assert):
            function = enclosing_function(above, facts)
            return function is not None and function.name.value.startswith("test")
        if isinstance(above, cst.Call):
            if below is above.func:
                return False
            if (last_name(above.func) or "").startswith("assert"):
                return True
            if not facts.means(above.func, "torch.device", "builtins.str"):
                return False
        elif not isinstance(above, (cst.Arg, cst.Comparison, cst.ComparisonTarget)):
            return False
        below = above
    return False
