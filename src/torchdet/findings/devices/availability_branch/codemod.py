"""Let the handle choose: ``"cuda" if torch.cuda.is_available() else "cpu"`` becomes its device.

Where the outcomes are accelerators and the CPU, and the questions are nothing but "is it there?",
the whole choice goes: ``torch.device(...)`` of it becomes ``rt.device``, text stays text
(``rt.device.type``, or ``str(rt.device)`` for ``"cuda:0"``) unless all that reads it takes a
``torch.device``. Conditional expressions, ``and``/``or``, subscripts, ``if`` statements whose arms
do nothing else, and defaults that such an ``if`` replaces are known.

Where a question asks for more (``args.cuda and torch.cuda.is_available()``) the accelerator among
the outcomes becomes the handle's device, and what more is asked for stays: the handle's device is
the CPU where there is no other. An arm that does more than to
name a device, one that names a device by another index than 0, and a device from elsewhere that
gives way to the CPU are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torchdet.edit.node_edit import Delete, InsertAfter, InsertBefore, NodeEdit, Replace
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.reading.devices.device_choices import (
    ChoiceByExpression,
    ChoiceByStatements,
    DeviceChoice,
    DeviceOutcome,
    PlainDevice,
    Unfit,
    is_the_handles,
)
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.devices.device_uses import compares_text, needs_plain_text, takes_device

_MORE = Grounds(
    "an arm of the choice does more than to name a device",
    "use `rt.device` for the device, and keep what else is done behind a test of its type",
)
_QUESTION = Grounds(
    "the question asks for more than whether an accelerator is there",
    'decide once what it asks for, and use `rt.device`, or `rt.device_for("cpu")`',
)
_GIVEN = Grounds(
    "a device from elsewhere gives way to the CPU in silence",
    'let it default to `"auto"` and use `rt.device_for(...)`, which says when it is missing',
)
_INDEXED = Grounds(
    "an outcome names one device by its index",
    "use `rt.device_for(...)` with the index where it is wanted, and `rt.device` elsewhere",
)
_UNUSUAL = Grounds(
    "the choice has another form than one accelerator after the other and then the CPU",
    "use `rt.device`, or `rt.device_for(...)` where another device is wanted",
)


_UNFIT = {Unfit.MORE: _MORE, Unfit.QUESTION: _QUESTION, Unfit.UNUSUAL: _UNUSUAL}


def rewrite(
    findings: Sequence[Finding[DeviceChoice]], context: MigrationContext
) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        yield words.refused(finding) or _outcome(finding, words)


def _outcome(finding: Finding[DeviceChoice], words: DeviceWords) -> Outcome:
    form = finding.subject.form
    if isinstance(form, Unfit):
        return Refuse(finding, _UNFIT[form])
    if isinstance(form, ChoiceByStatements):
        return _collapsed(finding, form, words)
    if form.plain and is_the_handles(form.outcomes):
        return _handles_choice(finding, form, words)
    return _outcomes_alone(finding, form, words)


# Expressions.


def _handles_choice(
    finding: Finding[DeviceChoice], choice: ChoiceByExpression, words: DeviceWords
) -> Outcome:
    """The handle's device in place of the whole choice."""
    node = finding.subject.node
    place = _made_device(node, words) or node
    unused = tuple(Delete(each) for each in choice.unused)

    def edits(written: str) -> tuple[NodeEdit, ...]:
        return (Replace(place if written == words.device else node, written), *unused)

    return _mended(finding, place, _devices(choice.outcomes), edits, words)


def _devices(outcomes: Sequence[DeviceOutcome]) -> list[PlainDevice]:
    return [each.device for each in outcomes if each.device is not None]


def _mended(
    finding: Finding[object],
    place: cst.BaseExpression,
    outcomes: Sequence[PlainDevice],
    edits: Callable[[str], tuple[NodeEdit, ...]],
    words: DeviceWords,
) -> Rewrite:
    """The rewrite by ``edits`` of a choice whose value stands at ``place``.

    It is the handle's device where a ``torch.device`` is taken, else its type, as text or in
    ``torch.device(...)``. A device that is compared keeps its type alone: ``torch.device("cuda")``
    and ``torch.device("cuda:0")`` are not equal.
    """
    numbered = any(each.numbered for each in outcomes)
    is_made = outcomes[0].made or isinstance(place, cst.Call)
    by_type = words.text
    if outcomes[0].made:
        by_type = f"{_function_of(outcomes[0].node, words)}({words.text})"
    elif numbered:
        by_type = f"str({words.device})"
    as_type = words.rewrite(finding, edits(by_type), by_type)
    if is_made:
        taken = numbered or not compares_text(place, words.facts)
    else:
        taken = takes_device(place, words.facts) and not needs_plain_text(place, words.facts)
    if not taken or (words.chosen_by_hand and not numbered):
        return as_type
    as_device = words.rewrite(finding, edits(words.device), words.device)
    return as_device if numbered else words.as_current(as_device, as_type)


def _function_of(node: cst.BaseExpression, words: DeviceWords) -> str:
    return words.facts.code(node.func) if isinstance(node, cst.Call) else ""


def _made_device(node: cst.BaseExpression, words: DeviceWords) -> cst.Call | None:
    """The call `torch.device(node)`."""
    arg = words.facts.parent(node)
    call = words.facts.parent(arg)
    if isinstance(arg, cst.Arg) and isinstance(call, cst.Call) and len(call.args) == 1:
        return call if words.facts.means(call.func, "torch.device") else None
    return None


def _outcomes_alone(
    finding: Finding[DeviceChoice], choice: ChoiceByExpression, words: DeviceWords
) -> Outcome:
    """The handle's device in place of the accelerator; the questions stay."""
    node = finding.subject.node
    edits: list[NodeEdit] = []
    shown = ""
    for each in choice.outcomes:
        device = each.device
        if device is not None and device.is_cpu:
            continue
        if device is not None and device.type == "cuda":
            written = _outcome_written(node, device, words)
            edits.append(Replace(device.node, written))
            shown = shown or written
            continue
        wrapped = _indexed_outcome(node, each, words)
        if not wrapped:
            return Refuse(finding, _INDEXED if each.indexed is not None else _GIVEN)
        edits += wrapped
        shown = shown or f"{words.handle}.device_for(...)"
    if not edits:
        return Refuse(finding, _UNUSUAL)
    if choice.rest is not None and all(isinstance(edit, Replace) for edit in edits):
        whole, rest = choice.rest
        edits.append(Replace(whole, words.facts.code(rest)))
    return words.rewrite(finding, tuple(edits), shown)


def _outcome_written(choice: cst.BaseExpression, device: PlainDevice, words: DeviceWords) -> str:
    """The handle's device for one outcome of a choice whose question stays."""
    if not device.made:
        return f"str({words.device})" if device.numbered else words.text
    if device.numbered or not (words.chosen_by_hand or compares_text(choice, words.facts)):
        return words.device
    return f"{_function_of(device.node, words)}({words.text})"


def _indexed_outcome(
    choice: cst.BaseExpression, outcome: DeviceOutcome, words: DeviceWords
) -> tuple[NodeEdit, ...]:
    """``f"cuda:{rank}"``, taken only where CUDA is there, looked up through the handle."""
    literal, value = outcome.indexed, outcome.value
    text = device_text(literal) if literal is not None else None
    if literal is None or text is None or not text.is_accelerator:
        return ()
    if isinstance(value, cst.Call):
        return (Replace(value.func, f"{words.handle}.device_for"),)
    lookup = f"{words.handle}.device_for("
    if _made_device(choice, words) is not None:
        return InsertBefore(literal, lookup), InsertAfter(literal, ")")
    return InsertBefore(literal, f"str({lookup}"), InsertAfter(literal, "))")


# Statements.


def _collapsed(
    finding: Finding[DeviceChoice], choice: ChoiceByStatements, words: DeviceWords
) -> Outcome:
    """One statement with the handle's device in place of ``choice``."""
    if any(each.device is None for each in choice.outcomes):
        indexed = any(each.indexed is not None for each in choice.outcomes)
        return Refuse(finding, _INDEXED if indexed else _MORE)
    if not is_the_handles(choice.outcomes):
        return Refuse(finding, _UNUSUAL)

    def edits(written: str) -> tuple[NodeEdit, ...]:
        gone = tuple(Delete(statement) for statement in (*choice.deleted, *choice.unused))
        if choice.replaced is None:
            return (*gone, Replace(choice.kept, written))
        return (*gone, Replace(choice.replaced, choice.beginning + written))

    return _mended(finding, choice.kept, _devices(choice.outcomes), edits, words)


CODEMOD = Codemod(__name__, __doc__ or "", DeviceChoice, rewrite)
