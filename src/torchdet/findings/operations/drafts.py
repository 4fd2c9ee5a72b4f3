"""Which rows of the catalogue a call meets, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import InsertAfter, NodeEdit, NodeFix, Replace
from torchdet.facts.expressions import argument, has_unpacking
from torchdet.facts.lazy import cst
from torchdet.facts.screen import Mention, Outline
from torchdet.findings.base import Draft
from torchdet.findings.operations.stand_in_fix import stand_in_fix
from torchdet.findings.screen import MentionScreen, Screen
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Confidence
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Place, Reference
from torchdet.reading.operations.call_arguments import CallArguments
from torchdet.reading.operations.gradients import is_without_gradient
from torchdet.reading.operations.outlined_arguments import OutlinedArguments
from torchdet.reading.operations.surroundings import (
    is_for_cpu,
    is_other_path,
    only_shape_is_read,
    stays_on_cpu,
)
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.torch_api.condition_language import Condition, Truth, can_be_told
from torchdet.torch_api.operations import (
    METHOD,
    Behaviour,
    EvidenceKind,
    IfUnknown,
    Operation,
    OperationDevice,
    Pass,
    Sameness,
    call_rows,
)
from torchdet.torch_api.signatures import signature_of

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

# What a project that names no target devices is checked for: where most torch code runs.
_DEFAULT_DEVICES = ("cpu", "cuda")
_DEVICE_NAMES = {
    OperationDevice.ANY: "every device",
    OperationDevice.CPU: "the CPU",
    OperationDevice.CUDA: "CUDA",
    OperationDevice.MPS: "MPS",
    OperationDevice.XPU: "XPU",
}
_PASS_NAMES = {
    Pass.BACKWARD: "in the backward pass",
    Pass.BOTH: "in both passes",
    Pass.FORWARD: "in the forward pass",
}
_FIRM = {EvidenceKind.CPU, EvidenceKind.CUDA, EvidenceKind.DOCUMENTED}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SETTING = re.compile(r"\{call:(\w+)=(\w+)\}")


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of one rule, by qualified name and by the name of a tensor's method."""

    names: Mapping[str, Callable[[Reference, Context], Iterator[Draft]]]
    attributes: Mapping[str, Callable[[cst.Attribute, Context], Iterator[Draft]]]
    triggers: tuple[bytes, ...]
    screen: Screen


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A name that a call can be written with, the rows that have it, and what they say."""

    name: str
    rows: tuple[Operation, ...]
    verb: str


@dataclass(frozen=True, slots=True)
class _Meeting:
    """A call that meets the condition of a row: certainly, or where its usual facts hold."""

    operation: Operation
    certain: bool


def checks_of(behaviour: Behaviour, verb: str) -> Checks:
    """The checks for the rows with ``behaviour``; ``verb`` is what the message says of them.

    It also says what to write instead, except where the mode itself takes care of that.
    """
    by_spelling = {
        spelling: reported
        for spelling, rows in call_rows(behaviour).items()
        if (reported := tuple(row for row in rows if _is_reported(row)))
    }
    methods = {
        spelling.removeprefix(METHOD): rows
        for spelling, rows in by_spelling.items()
        if spelling.startswith(METHOD) and not spelling.endswith("__")
    }
    functions = {
        spelling: rows for spelling, rows in by_spelling.items() if not spelling.startswith(METHOD)
    }

    def check_reference(reference: Reference, context: Context) -> Iterator[Draft]:
        spelling = _Spelling(reference.name, functions[reference.name], verb)
        yield from _check_reference(reference, spelling, context)

    def check_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
        name = node.attr.value
        yield from _check_method(node, _Spelling(f"{METHOD}{name}", methods[name], verb), context)

    return Checks(
        dict.fromkeys(functions, check_reference),
        dict.fromkeys(methods, check_method),
        _shortest(name.rpartition(".")[2] for name in (*functions, *methods)),
        Screen(
            mentions={
                **{name: _screen(name, rows) for name, rows in functions.items()},
                **{name: _screen(f"{METHOD}{name}", rows) for name, rows in methods.items()},
            }
        ),
    )


def _screen(spelling: str, rows: tuple[Operation, ...]) -> MentionScreen:
    """Whether a call with this ``spelling`` may meet the condition of a row."""

    def may_meet(mention: Mention, outline: Outline, place: Place) -> bool:
        return mention.call is not None and any(
            _is_asked_for(row, place.config) and _may_meet(mention, outline, spelling, row)
            for row in rows
        )

    return may_meet


def _may_meet(mention: Mention, outline: Outline, spelling: str, operation: Operation) -> bool:
    """Whether ``_meets`` may say more of the call than None."""
    signature = signature_of(spelling)
    arguments = OutlinedArguments(mention, outline, signature)
    truth = operation.condition.truth(arguments)
    if truth is Truth.FALSE or arguments.unsure or operation.if_unknown is IfUnknown.REPORT:
        return truth is not Truth.FALSE
    usual = OutlinedArguments(mention, outline, signature, Truth.TRUE)
    return Truth.TRUE in {truth, operation.condition.truth(usual)} or usual.unsure


def _is_reported(operation: Operation) -> bool:
    """Whether a rule can ever report the row."""
    return operation.if_unknown is IfUnknown.REPORT or can_be_told(operation.condition)


def _shortest(words: Iterator[str]) -> tuple[bytes, ...]:
    """The words in which no other of them stands: a file with any word has one of these."""
    every = sorted(set(words), key=lambda word: (len(word), word))
    kept: list[str] = []
    for word in every:
        if not any(shorter in word for shorter in kept):
            kept.append(word)
    return tuple(word.encode() for word in sorted(kept))


# Calls.


def _check_reference(
    reference: Reference, spelling: _Spelling, context: Context
) -> Iterator[Draft]:
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node:
        sure = Confidence.CERTAIN if reference.exact else Confidence.LIKELY
        meetings = tuple(_meetings(call, spelling, context))
        yield from _drafts(call, spelling, meetings, sure, context)


def _check_method(node: cst.Attribute, spelling: _Spelling, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node or facts.resolve(node.value).names:
        return
    meetings = tuple(_meetings(call, spelling, context))
    sure = tensor_confidence(node.value, facts) if meetings else None
    if sure is not None:
        yield from _drafts(call, spelling, meetings, sure, context)


def _drafts(
    call: cst.Call,
    spelling: _Spelling,
    meetings: tuple[_Meeting, ...],
    sure: Confidence,
    context: Context,
) -> Iterator[Draft]:
    if not meetings or is_other_path(call, context.facts):
        return
    first = next((meeting for meeting in meetings if meeting.certain), meetings[0])
    silent = first.operation.behaviour is Behaviour.SILENT
    if silent and only_shape_is_read(call, context.facts):
        return
    certain = (
        first.certain
        and sure is Confidence.CERTAIN
        and _is_firm(first.operation)
        and (first.operation.direction is not Pass.BACKWARD or _is_module(spelling.name))
    )
    yield Draft(
        call.func,
        _message(spelling, first, meetings, context.config),
        _fix(call, spelling.name, first.operation, sure, context),
        Confidence.CERTAIN if certain else Confidence.LIKELY,
    )


def _meetings(call: cst.Call, spelling: _Spelling, context: Context) -> Iterator[_Meeting]:
    """The rows whose conditions the call meets, in the releases and on the devices asked for."""
    config, facts = context.config, context.facts
    for operation in spelling.rows:
        if not _is_asked_for(operation, config):
            continue
        certain = _meets(call, spelling.name, operation, facts)
        if certain is None:
            continue
        operand = _input_of(call, spelling.name)
        if operation.direction is Pass.BACKWARD and is_without_gradient(call, operand, facts):
            continue
        on_cpu = is_for_cpu(call, facts) or (operand is not None and stays_on_cpu(operand, facts))
        if on_cpu and not operation.is_on(("cpu",)):
            continue
        yield _Meeting(operation, certain)


def _is_asked_for(operation: Operation, config: LintConfig) -> bool:
    devices = config.target_devices or _DEFAULT_DEVICES
    return operation.holds_from(config.torch_version) and operation.is_on(devices)


def _meets(call: cst.Call, name: str, operation: Operation, facts: FileFacts) -> bool | None:
    """Whether the call meets the row's condition certainly; None where nothing is to be said."""
    signature = signature_of(name)
    truth = operation.condition.truth(CallArguments(call, signature, facts))
    if truth is not Truth.UNKNOWN:
        return True if truth is Truth.TRUE else None
    truth = operation.condition.truth(CallArguments(call, signature, facts, Truth.TRUE))
    if truth is Truth.TRUE:
        return False
    is_open = truth is Truth.UNKNOWN and not has_unpacking(call)
    return False if is_open and operation.if_unknown is IfUnknown.REPORT else None


def _is_firm(operation: Operation) -> bool:
    """Whether more than the reading of sources or reports speaks for the row."""
    return any(each.kind in _FIRM and each.release for each in operation.evidence)


def _is_module(name: str) -> bool:
    """Whether the spelling is a class: it is trained, or it would not be a module."""
    return name.rpartition(".")[2][:1].isupper()


def _input_of(call: cst.Call, name: str) -> cst.BaseExpression | None:
    """The tensor that the operation works on; None for modules, which meet theirs later."""
    if name.startswith(METHOD):
        return call.func.value if isinstance(call.func, cst.Attribute) else None
    if _is_module(name):
        return None
    arg = argument(call, "input", 0)
    return arg.value if arg is not None else None


# Words.


def _message(
    spelling: _Spelling, first: _Meeting, meetings: tuple[_Meeting, ...], config: LintConfig
) -> str:
    operation = first.operation
    always = operation.when.startswith("always")
    condition = "" if always else f", {'as' if first.certain else 'if'} {operation.when}"
    until = f" before PyTorch {_release(operation.until)}" if operation.until else ""
    is_solved = operation.behaviour is Behaviour.SWITCHES
    return (
        f"`{spelling.name}` {spelling.verb} {_PASS_NAMES[operation.direction]} on "
        f"{_places(operation, meetings, config)}{until}{condition}"
        f"{'' if is_solved else f'; use {operation.instead}'}"
    )


def _places(operation: Operation, meetings: tuple[_Meeting, ...], config: LintConfig) -> str:
    """The devices of all the rows that speak of the same pass, as far as they are asked for."""
    wanted = config.target_devices or _DEFAULT_DEVICES
    devices = {
        device
        for meeting in meetings
        if meeting.operation.direction is operation.direction
        for device in meeting.operation.devices
        if device is OperationDevice.ANY or device.value in wanted
    }
    if OperationDevice.ANY in devices:
        return _DEVICE_NAMES[OperationDevice.ANY]
    return " and ".join(_DEVICE_NAMES[each] for each in OperationDevice if each in devices)


def _release(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


# Fixes.


def _fix(
    call: cst.Call, name: str, operation: Operation, sure: Confidence, context: Context
) -> NodeFix | None:
    plain = _replacement(call, name, operation, sure, context.facts)
    if plain is None and operation.behaviour is Behaviour.ERRORS:
        return stand_in_fix(call, name, context)
    return plain


def _replacement(
    call: cst.Call, name: str, operation: Operation, sure: Confidence, facts: FileFacts
) -> NodeFix | None:
    replacement = operation.replacement
    signature = signature_of(name)
    if replacement is None or signature is None:
        return None
    arguments = CallArguments(call, signature, facts)
    if not _holds(replacement.condition, arguments):
        return None
    edits = _edits(call, name, replacement.text, arguments, facts)
    if edits is None:
        return None
    safe = sure is Confidence.CERTAIN and replacement.sameness is Sameness.SAME
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return NodeFix(f"Use the deterministic spelling of `{name}`", applicability, edits)


def _holds(condition: Condition, arguments: CallArguments) -> bool:
    return condition.truth(arguments) is Truth.TRUE


def _edits(
    call: cst.Call, name: str, template: str, arguments: CallArguments, facts: FileFacts
) -> tuple[NodeEdit, ...] | None:
    setting = _SETTING.fullmatch(template)
    if setting is not None:
        return _with_keyword(call, setting[1], setting[2], arguments) or None
    texts: dict[str, str] = {}
    for placeholder in _PLACEHOLDER.finditer(template):
        value = arguments.expression(placeholder[1])
        if value is None and placeholder[1] == "input" and name.startswith(METHOD):
            value = _input_of(call, name)
        if value is None:
            return None
        texts[placeholder[1]] = _operand(value, facts)
    if not all(_is_used(arg, texts, arguments) for arg in call.args):
        return None
    return (Replace(call, _PLACEHOLDER.sub(lambda match: texts[match[1]], template)),)


def _with_keyword(
    call: cst.Call, keyword: str, value: str, arguments: CallArguments
) -> tuple[NodeEdit, ...]:
    present = arguments.expression(keyword)
    if present is not None:
        return (Replace(present, value),)
    return (InsertAfter(call.args[-1].value, f", {keyword}={value}"),) if call.args else ()


def _is_used(arg: cst.Arg, texts: Mapping[str, str], arguments: CallArguments) -> bool:
    """Whether the replacement takes this argument up."""
    if arg.star:
        return False
    return any(arguments.expression(name) is arg.value for name in (*texts, "output_size"))


def _operand(node: cst.BaseExpression, facts: FileFacts) -> str:
    """The text of ``node`` so that an attribute can follow."""
    text = facts.code(node)
    closed = isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)) or node.lpar
    return text if closed else f"({text})"
