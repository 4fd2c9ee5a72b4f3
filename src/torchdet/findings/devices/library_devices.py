"""Which arguments of the libraries around torch tie a program to a device, as calls pass them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.screen import Mention, Outline
from torchdet.findings.arguments_screen import imports_any
from torchdet.findings.screen import MentionScreen
from torchdet.reading.context import Place
from torchdet.torch_api.library_arguments import LibraryArgument

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_NUMBERS = re.compile(r"\s*\d+\s*(?:,\s*\d+\s*)*,?\s*")


def passed_devices(
    call: cst.Call, arguments: tuple[LibraryArgument, ...], facts: FileFacts
) -> Iterator[tuple[LibraryArgument, cst.Arg, cst.BaseExpression]]:
    """The arguments of ``call`` that tie it, each with the literal that it passes.

    A name counts where one literal is all that it can mean.
    """
    for each in arguments:
        passed = argument(call, each.keyword, each.position)
        if passed is not None:
            sources = facts.flow.sources(passed.value)
            ends = sources.expressions
            if sources.complete and len(ends) == 1 and _ties(ends[0], each.values):
                yield each, passed, ends[0]


def imported_arguments(
    table: Mapping[str, tuple[LibraryArgument, ...]], method: cst.Attribute, facts: FileFacts
) -> tuple[LibraryArgument, ...]:
    """The rows of ``method`` that belong to a library which the file imports, and to no other.

    What is known to come from elsewhere, as ``other.from_pretrained`` does, is not the library's.
    """
    rows = table.get(method.attr.value, ())
    imported = {name.partition(".")[0] for name in facts.imported_modules}
    origins = {name.partition(".")[0] for name in facts.resolve(method).names}
    known = [each for each in rows if each.package in imported]
    return tuple(known[:1]) if not origins or origins <= {each.package for each in known} else ()


def passes_device(arguments: tuple[LibraryArgument, ...]) -> MentionScreen:
    """Screens mentions of a function by whether a call passes one of ``arguments`` at all."""
    keywords = {each.keyword for each in arguments}
    positions = [each.position for each in arguments if each.position is not None]
    packages = {each.package for each in arguments}

    def may_pass(mention: Mention, outline: Outline, _place: Place) -> bool:
        call = mention.call
        if call is None or not imports_any(outline, packages):
            return False
        named = any(each.arg in keywords and not _is_none(each.value) for each in call.keywords)
        return named or any(position < len(call.args) for position in positions)

    return may_pass


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _ties(node: cst.BaseExpression, values: frozenset[str]) -> bool:
    """Whether the literal ``node`` has one of the forms, or is one of the words, of ``values``."""
    text = string_value(node)
    if text is not None:
        is_numbers = _NUMBERS.fullmatch(text) is not None
        listed = ("text" in values and is_numbers) or ("commas" in values and "," in text)
        return text in values or (listed and is_numbers)
    number = int_value(node)
    if number is not None:
        return ("index" in values and number >= 0) or ("number" in values and number != 0)
    if isinstance(node, (cst.List, cst.Tuple)):
        several = "list" in values or "number" in values
        return several and _are_indices([each.value for each in node.elements])
    if isinstance(node, cst.Dict) and "map" in values:
        return _are_indices([each.value for each in node.elements])
    return False


def _are_indices(nodes: list[cst.BaseExpression]) -> bool:
    numbers = [int_value(each) for each in nodes]
    return bool(numbers) and all(number is not None and number >= 0 for number in numbers)
