"""The operations of a program whose results vary while deterministic mode is off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from torchdet.facts.screen import Mention, Outline, dotted_parts, outline_of
from torchdet.model.source import DecodeError, SourceText
from torchdet.reading.operations.gradients import prepares
from torchdet.reading.operations.outlined_arguments import OutlinedArguments
from torchdet.reading.randomness.survey import MAIN, MODULE, survey
from torchdet.reading.randomness.tested_code import NO_TEST
from torchdet.torch_api.condition_language import Truth
from torchdet.torch_api.gradient_names import NO_GRADIENT
from torchdet.torch_api.operations import METHOD, Behaviour, Operation, Version, call_rows
from torchdet.torch_api.returns import TORCH_ONLY_METHODS
from torchdet.torch_api.signatures import signature_of

if TYPE_CHECKING:
    from torchdet.reading.project import ModuleSource
    from torchdet.reading.randomness.program import Program
    from torchdet.reading.randomness.survey import Block

_COMMENT = re.compile(rb"#[^\n]*")
# What may switch the mode on: functions, keywords, options of libraries. cuDNN's own switch
# governs what cuDNN chooses, and nothing else.
_MODE = re.compile(rb"(?<!cudnn\.)determinis|torchdet")
_CUDNN_MODE = re.compile(rb"cudnn\.deterministic")
_ACCELERATOR = re.compile(rb"cuda|accelerator|\bxpu\b")
_WEIGHTS = re.compile(r"state_dict|checkpoint")
_WITHOUT_GRADIENT = frozenset(name.rpartition(".")[2] for name in NO_GRADIENT)


@dataclass(frozen=True, slots=True)
class VaryingCall:
    """A call in the block ``block`` of a module, by the name that it is written with.

    ``place`` is its line and column.
    """

    block: str
    place: tuple[int, int]
    spelling: str
    chosen_by_cudnn: bool


@dataclass(frozen=True, slots=True)
class VaryingOperation:
    """An operation that a program uses: its name, and the module that calls it first."""

    spelling: str
    module: str


def varying_operations(
    start: Program, devices: tuple[str, ...], oldest: Version
) -> tuple[VaryingOperation, ...]:
    """What varies in the runs of a program on ``devices``, in the order of its modules.

    Nothing where it may switch deterministic mode on, or uses no accelerator.
    """
    texts = [_COMMENT.sub(b"", module.data) for module in start.modules]
    if any(map(_MODE.search, texts)) or not any(map(_ACCELERATOR.search, texts)):
        return ()
    cudnn_is_fixed = any(map(_CUDNN_MODE.search, texts))
    found: dict[str, VaryingOperation] = {}
    for module, calls in _calls_that_run(start, devices, oldest):
        for call in calls:
            if not (cudnn_is_fixed and call.chosen_by_cudnn):
                found.setdefault(call.spelling, VaryingOperation(call.spelling, module.name))
    return tuple(found.values())


def _calls_that_run(
    start: Program, devices: tuple[str, ...], oldest: Version
) -> Iterator[tuple[ModuleSource, list[VaryingCall]]]:
    """The modules of a program with those of their varying calls that run in each run."""
    run = start.training_run
    blocks: dict[str, tuple[ModuleSource, dict[str, Block]]] = {}
    for module, block in run.blocks:
        blocks.setdefault(module.name, (module, {}))[1][block.name] = block
    for module, running in blocks.values():
        tests = survey(module.source).tests
        yield (
            module,
            [
                call
                for call in _calls(module, devices, oldest)
                if call.block in running
                and run.options.surely_run(running[call.block], tests.get(call.place, NO_TEST))
            ],
        )


def _calls(
    module: ModuleSource, devices: tuple[str, ...], oldest: Version
) -> tuple[VaryingCall, ...]:
    try:
        text = module.text if module.text is not None else SourceText.decode(module.data).text
    except DecodeError:
        return ()
    return _varying_calls(text, devices, oldest)


@lru_cache(maxsize=256)
def _varying_calls(text: str, devices: tuple[str, ...], oldest: Version) -> tuple[VaryingCall, ...]:
    outline = outline_of(SourceText(text))
    if outline is None:
        return ()
    functions, methods = _varying_rows(devices, oldest)
    found: dict[VaryingCall, None] = {}
    for spelling, mentions in outline.references(frozenset(functions)).items():
        for mention in mentions:
            found.update(_varying(mention, outline, spelling, functions[spelling]))
    for method, rows in methods.items():
        for mention in outline.attributes.get(method, ()):
            found.update(_varying(mention, outline, f"{METHOD}{method}", rows))
    return tuple(found)


_Rows = dict[str, tuple[Operation, ...]]


@cache
def _varying_rows(devices: tuple[str, ...], oldest: Version) -> tuple[_Rows, _Rows]:
    """The rows by the names of functions and classes, and by those of methods of tensors alone."""
    functions: _Rows = {}
    methods: _Rows = {}
    for behaviour in (Behaviour.SWITCHES, Behaviour.ERRORS):
        for spelling, rows in call_rows(behaviour).items():
            meant = tuple(row for row in rows if row.is_on(devices) and row.holds_from(oldest))
            method = spelling.removeprefix(METHOD)
            if not meant:
                continue
            if method == spelling:
                functions[spelling] = (*functions.get(spelling, ()), *meant)
            elif method in TORCH_ONLY_METHODS:
                methods[method] = (*methods.get(method, ()), *meant)
    return functions, methods


def _varying(
    mention: Mention, outline: Outline, spelling: str, rows: tuple[Operation, ...]
) -> dict[VaryingCall, None]:
    """The call at ``mention``, where it certainly meets the condition of a row."""
    if mention.call is None:
        return {}
    block, has_gradient = _surroundings(mention)
    arguments = OutlinedArguments(mention, outline, signature_of(spelling), Truth.TRUE)
    met = [row for row in rows if row.condition.truth(arguments) is Truth.TRUE]
    met = [row for row in met if has_gradient or not row.needs_gradient]
    if not met:
        return {}
    place = mention.call.lineno, mention.call.col_offset
    by_cudnn = all(row.is_chosen_by_cudnn for row in met)
    return {VaryingCall(block, place, spelling, by_cudnn): None}


def _surroundings(mention: Mention) -> tuple[str, bool]:
    """The program's block in which a call stands, by its name, and whether it has gradients."""
    around = list(mention.around)
    has_gradient = True
    names: list[str] = []
    block: str | None = None
    for node in around:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            has_gradient = has_gradient and not _has_no_gradient(node)
            names, block = [node.name], node.name
        elif isinstance(node, ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            entered = (item.context_expr for item in node.items)
            has_gradient = has_gradient and not any(map(_turns_off, entered))
        elif isinstance(node, ast.If) and block is None and _asks_for_name(node.test):
            return MAIN, has_gradient
    return (MODULE if block is None else ".".join(reversed(names))), has_gradient


def _has_no_gradient(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator turns gradients off, or names tell that it works on data or weights."""
    if any(map(_turns_off, node.decorator_list)) or prepares(node.name):
        return True
    given = node.args
    parameters = (*given.posonlyargs, *given.args, *given.kwonlyargs)
    return any(_WEIGHTS.search(each.arg) for each in parameters)


def _turns_off(node: ast.expr) -> bool:
    parts = dotted_parts(node.func if isinstance(node, ast.Call) else node)
    return parts is not None and parts[-1] in _WITHOUT_GRADIENT


def _asks_for_name(test: ast.expr) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(test))
