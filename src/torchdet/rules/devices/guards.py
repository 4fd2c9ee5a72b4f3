"""What conditions around a place have already found out about the device at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def is_established(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` only runs for devices of the type ``kind``: a condition around it says so.

    Inside ``if x.device.type == "mps":`` that is so for ``mps``, and in a class of that name
    (``MPSAccelerator``), which is the code for this hardware. Conditions outside the function
    around ``node`` do not count: they held when it was defined.
    """
    below = node
    in_function = False
    for above in facts.ancestors(node):
        if isinstance(above, cst.ClassDef):
            if below is above.body and kind in _words(above.name.value):
                return True
        elif not in_function and kind in _found(above, below):
            return True
        in_function = in_function or isinstance(above, (cst.FunctionDef, cst.Lambda))
        below = above
    return False


def _found(above: cst.CSTNode, below: cst.CSTNode) -> Iterator[str]:
    """The device types that ``above`` has found when it comes to its child ``below``."""
    if isinstance(above, (cst.If, cst.IfExp)) and below is above.body:
        yield from _compared_types(above.test)
    elif isinstance(above, cst.BooleanOperation) and isinstance(above.operator, cst.And):
        if below is above.right:
            yield from _compared_types(above.left)
    elif isinstance(above, cst.MatchCase) and below is above.body:
        yield from _matched_types(above.pattern)


def _compared_types(test: cst.BaseExpression) -> Iterator[str]:
    if isinstance(test, cst.BooleanOperation):
        yield from _compared_types(test.left)
        if isinstance(test.operator, cst.And):
            yield from _compared_types(test.right)
    elif isinstance(test, cst.Comparison):
        operators = [target.operator for target in test.comparisons]
        operands = [test.left, *(target.comparator for target in test.comparisons)]
        if all(isinstance(operator, (cst.Equal, cst.In, cst.Is)) for operator in operators):
            for operand in operands:
                yield from _types_in(operand)
    elif isinstance(test, cst.Call):
        is_prefix = isinstance(test.func, cst.Attribute) and test.func.attr.value == "startswith"
        if is_prefix and test.args:
            yield from _types_in(test.args[0].value)
    elif isinstance(test, (cst.Attribute, cst.Name)):
        name = test.attr.value if isinstance(test, cst.Attribute) else test.value
        if name.startswith("is_"):  # x.is_cuda, is_mps
            yield name[len("is_") :]


def _types_in(operand: cst.BaseExpression) -> Iterator[str]:
    """The types that a literal, a collection of them or an enumeration's member names.

    The members of a project's own vocabulary count: ``"CUDAExecutionProvider"``.
    """
    if isinstance(operand, (cst.Tuple, cst.List, cst.Set)):
        for element in operand.elements:
            yield from _types_in(element.value)
    elif isinstance(operand, cst.Call) and operand.args:  # torch.device("cuda")
        yield from _types_in(operand.args[0].value)
    elif isinstance(operand, cst.Attribute) and operand.attr.value.isupper():
        yield from _words(operand.attr.value)
    elif (value := string_value(operand)) is not None:
        yield from _words(value)


def _words(name: str) -> Iterator[str]:
    """The words of an identifier or of a device's name, in lower case.

    >>> list(_words("CUDAExecutionProvider"))
    ['cuda', 'execution', 'provider']
    """
    return (word.lower() for word in _WORD.findall(name))


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def _matched_types(pattern: cst.MatchPattern) -> Iterator[str]:
    if isinstance(pattern, cst.MatchValue):
        yield from _types_in(pattern.value)
    elif isinstance(pattern, cst.MatchOr):
        for element in pattern.patterns:
            yield from _matched_types(element.pattern)
