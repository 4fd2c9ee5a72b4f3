"""The order of a set and the hash of a string differ in every process.

## What it does
Reports, in files that use torch, a set whose arbitrary order shows: `list(set(x))` that numbers
classes, is indexed, split or drawn from, a loop over a set that fills a list, makes layers or
draws random numbers, `enumerate(set(x))` in a dictionary. And it reports `hash(...)` of a string
that decides a split or a seed.

Silent are sets that something sorts, whose order does not matter, or that hold numbers, which hash
to themselves.

## Why is this bad?
Python salts the hashes of strings with a random number in each process, unless `PYTHONHASHSEED`
is set. A set of strings iterates in another order in every run and in every process of a
distributed one: class numbers, the order of samples and of layers differ although every generator
was seeded, and a checkpoint's class 3 is another class tomorrow.

## Example
Bad:

```python
import torch

names = {label.lower() for label in labels}
class_to_id = {name: i for i, name in enumerate(names)}
fold = hash("speaker-12") % 10
```

Good:

```python
import hashlib

import torch

names = {label.lower() for label in labels}
class_to_id = {name: i for i, name in enumerate(sorted(names))}
fold = int(hashlib.sha256(b"speaker-12").hexdigest(), 16) % 10
```

## Fix safety
The fix sorts the set where it is iterated: `list(...)` becomes `sorted(...)`, others are wrapped.
It is safe for strings. Elements that are not known to be strings may not be comparable, so that it
is unsafe for them. `hash` has no fix: which digest suits is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import InsertAfter, InsertBefore, NodeFix, Replace
from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.randomness.hash_order.outlined_sets import may_use_order
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.randomness.order_effects import LISTED, PICKED, RETURNED
from torchdet.reading.randomness.order_uses import order_uses
from torchdet.reading.randomness.set_expressions import Elements, holds_string, set_elements
from torchdet.reading.randomness.torch_files import uses_torch

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

# Functions that take the elements of a set one after the other.
_CONSUMERS = (
    *(f"builtins.{name}" for name in ("list", "tuple", "enumerate", "zip", "map", "filter")),
    *(f"random.{name}" for name in ("sample", "choice", "choices")),
    *(f"numpy.random.{name}" for name in ("choice", "permutation")),
    *(f"itertools.{name}" for name in ("chain", "cycle", "islice")),
)
_SEQUENCES = ("builtins.list", "builtins.tuple")
# What people do with sets knowing that they have no order: to drop duplicates from names that are
# looked up later, or to take the only element.
_HARMLESS = frozenset({PICKED, RETURNED})


def check_loop(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    """A loop or a comprehension over a set."""
    if isinstance(node, (cst.For, cst.CompFor)):
        yield from _check_set(node.iter, context)


def check_call(reference: Reference, context: Context) -> Iterator[Draft]:
    """A function that iterates over its arguments."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node:
        for arg in call.args:
            if not arg.star and arg.keyword is None:
                yield from _check_set(arg.value, context)


def _check_set(node: cst.BaseExpression, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if not uses_torch(facts):
        return
    elements = set_elements(node, facts)
    if elements is None or elements is Elements.NUMBERS:
        return
    uses = order_uses(node, facts)
    use = next((use for use in uses if use not in _HARMLESS), None)
    if use is None and PICKED in uses and _returned_as_list(node, facts):
        use = LISTED
    if use is None:
        return
    strings = elements is Elements.STRINGS
    of = "of strings " if strings else ""
    yield Draft(
        node,
        f"a set {of}has another order in every process, and {use.effect}; iterate over "
        "`sorted(...)`",
        _sort(node, strings, context),
        use.confidence if strings else Confidence.LIKELY,
    )


def _returned_as_list(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a function returns ``list(node)``, so that its caller receives a sequence."""
    arg = facts.parent(node)
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(call, cst.Call) or not facts.means(call.func, *_SEQUENCES):
        return False
    return isinstance(facts.parent(call), cst.Return)


def _sort(node: cst.BaseExpression, strings: bool, context: Context) -> NodeFix | None:
    facts = context.facts
    if facts.scope(node).owner("sorted") is not None:
        return None
    applicability = Applicability.SAFE if strings else Applicability.UNSAFE
    arg = facts.parent(node)
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if isinstance(call, cst.Call) and facts.means(call.func, "builtins.list"):
        return NodeFix("Sort the set", applicability, (Replace(call.func, "sorted"),))
    edits = (InsertBefore(node, "sorted("), InsertAfter(node, ")"))
    return NodeFix("Sort the set", applicability, edits)


def check_hash(reference: Reference, context: Context) -> Iterator[Draft]:
    """`hash(...)` of a string, or of a tuple that holds one."""
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or len(call.args) != 1:
        return
    function = enclosing_function(call, facts)
    if not uses_torch(facts) or (function is not None and function.name.value == "__hash__"):
        return
    confidence = holds_string(call.args[0].value, facts)
    purpose = _purpose(call, context) if confidence is not None else None
    if confidence is not None and purpose is not None:
        yield Draft(
            call,
            f"`hash(...)` of a string differs in every process, and {purpose}; use a digest of "
            "`hashlib`",
            confidence=confidence,
        )


def _purpose(call: cst.Call, context: Context) -> str | None:
    """What the hash decides: a seed or a share; None for others, such as a key in a cache."""
    facts = context.facts
    share = False
    for above in facts.ancestors(call):
        if isinstance(above, cst.BinaryOperation):
            share = share or isinstance(above.operator, (cst.Modulo, cst.BitAnd))
        elif isinstance(above, cst.Call):
            if _seeds(above.func):
                return "it seeds a generator"
        elif isinstance(above, (cst.Assign, cst.AnnAssign)):
            target = above.targets[0].target if isinstance(above, cst.Assign) else above.target
            if "seed" in facts.code(target).lower():
                return "it seeds a generator"
            break
        elif not isinstance(above, (cst.Arg, cst.UnaryOperation, cst.Comparison)):
            break
    return "it decides who belongs where" if share else None


def _seeds(function: cst.BaseExpression) -> bool:
    name = last_name(function) or ""
    return "seed" in name.lower() or name in {"default_rng", "RandomState", "Random", "PRNGKey"}


RULE = Rule(
    code="DET507",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"set(", b"hash(", b" in {", b"= {", b"({"),
    names={**dict.fromkeys(_CONSUMERS, check_call), "builtins.hash": check_hash},
    nodes=dict.fromkeys(("For", "CompFor"), check_loop),
    screen=Screen(file=may_use_order),
    stays=Grounds(
        "sorting changes what the program computes, not where",
        "apply `torchdet fix`, which sorts where that is possible, or use a digest that no "
        "process salts",
    ),
)
