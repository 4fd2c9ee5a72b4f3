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
from dataclasses import dataclass

from torchdet.edit.node_edit import Delete, InsertAfter, InsertBefore, NodeEdit, Replace
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.devices.device_choices import (
    Arm,
    PlainDevice,
    arm_of,
    asks_only_for_device,
    choice_of,
    is_the_handles,
    kept_for_nothing_else,
    links,
    plain_device,
    rest_of_question,
    single_arm,
)
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.reading.devices.availability import AvailabilityBranch
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


def rewrite(
    findings: Sequence[Finding[AvailabilityBranch]], context: MigrationContext
) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        yield words.refused(finding) or _outcome(finding, words)


def _outcome(finding: Finding[AvailabilityBranch], words: DeviceWords) -> Outcome:
    node = finding.subject.node
    statement = words.facts.parent(node)
    if isinstance(statement, cst.If) and statement.test is node:
        return _by_statement(finding, statement, words)
    return _by_expression(finding, node, words)


# Expressions.


def _by_expression(
    finding: Finding[object], node: cst.BaseExpression, words: DeviceWords
) -> Outcome:
    facts = words.facts
    choice = choice_of(node, facts)
    if choice is None:
        return Refuse(finding, _UNUSUAL)
    outcomes = [plain_device(each, facts) for each in choice.outcomes]
    plain = [each for each in outcomes if each is not None]
    uniform = len(plain) == len(outcomes) and len({each.made for each in plain}) == 1
    if uniform and choice.plain and is_the_handles(plain):
        return _handles_choice(finding, node, plain, words)
    return _outcomes_alone(finding, node, choice.outcomes, words)


def _handles_choice(
    finding: Finding[object],
    node: cst.BaseExpression,
    outcomes: Sequence[PlainDevice],
    words: DeviceWords,
) -> Outcome:
    """The handle's device in place of the whole choice."""
    made = _made_device(node, words)
    place = made or node

    unused = tuple(Delete(each) for each in kept_for_nothing_else(node, words.facts))

    def edits(written: str) -> tuple[NodeEdit, ...]:
        return (Replace(place if written == words.device else node, written), *unused)

    return _mended(finding, place, outcomes, edits, words)


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
    finding: Finding[object],
    node: cst.BaseExpression,
    outcomes: Sequence[cst.BaseExpression],
    words: DeviceWords,
) -> Outcome:
    """The handle's device in place of the accelerator; the questions stay."""
    facts = words.facts
    edits: list[NodeEdit] = []
    shown = ""
    for each in outcomes:
        device = plain_device(each, facts)
        if device is not None and device.is_cpu:
            continue
        if device is not None and device.type == "cuda":
            written = _outcome_written(node, device, words)
            edits.append(Replace(device.node, written))
            shown = shown or written
            continue
        wrapped = _indexed_outcome(node, each, words)
        if not wrapped:
            text = device_text(each)
            return Refuse(finding, _INDEXED if text is not None and text.indexed else _GIVEN)
        edits += wrapped
        shown = shown or f"{words.handle}.device_for(...)"
    if not edits:
        return Refuse(finding, _UNUSUAL)
    if isinstance(node, cst.IfExp) and all(isinstance(edit, Replace) for edit in edits):
        question = rest_of_question(node.test, facts)
        cpu = plain_device(node.orelse, facts)
        if question is not None and cpu is not None and cpu.is_cpu:
            edits.append(Replace(question[0], facts.code(question[1])))
    return words.rewrite(finding, tuple(edits), shown)


def _outcome_written(choice: cst.BaseExpression, device: PlainDevice, words: DeviceWords) -> str:
    """The handle's device for one outcome of a choice whose question stays."""
    if not device.made:
        return f"str({words.device})" if device.numbered else words.text
    if device.numbered or not (words.chosen_by_hand or compares_text(choice, words.facts)):
        return words.device
    return f"{_function_of(device.node, words)}({words.text})"


def _indexed_outcome(
    choice: cst.BaseExpression, outcome: cst.BaseExpression, words: DeviceWords
) -> tuple[NodeEdit, ...]:
    """``f"cuda:{rank}"``, taken only where CUDA is there, looked up through the handle."""
    facts = words.facts
    literal = outcome
    made = isinstance(outcome, cst.Call) and facts.means(outcome.func, "torch.device")
    if isinstance(outcome, cst.Call) and made and len(outcome.args) == 1:
        literal = outcome.args[0].value
    text = device_text(literal)
    if text is None or not text.is_accelerator or not text.indexed:
        return ()
    if isinstance(outcome, cst.Call):
        return (Replace(outcome.func, f"{words.handle}.device_for"),)
    lookup = f"{words.handle}.device_for("
    if _made_device(choice, words) is not None:
        return InsertBefore(literal, lookup), InsertAfter(literal, ")")
    return InsertBefore(literal, f"str({lookup}"), InsertAfter(literal, "))")


# Statements.


def _by_statement(finding: Finding[object], head: cst.If, words: DeviceWords) -> Outcome:
    facts = words.facts
    if _is_elif(head, words):
        return Refuse(finding, _UNUSUAL)
    arms = [arm_of(link.body, facts) for link in links(head)]
    last = list(links(head))[-1]
    if isinstance(last.orelse, cst.Else):
        arms.append(arm_of(last.orelse.body, facts))
    if any(arm is None for arm in arms):
        return Refuse(finding, _MORE)
    chain = [arm for arm in arms if arm is not None]
    if len({arm.target for arm in chain}) != 1:
        return Refuse(finding, _MORE)
    if any(asks_only_for_device(link.test, facts) is not True for link in links(head)):
        return Refuse(finding, _QUESTION)
    if isinstance(last.orelse, cst.Else):
        return _collapsed(finding, _Statements(chain, chain[0], replaced=head), words)
    if chain[0].target is None:
        return _with_later_return(finding, head, chain, words)
    return _with_earlier_default(finding, head, chain, words)


def _is_elif(head: cst.If, words: DeviceWords) -> bool:
    above = words.facts.parent(head)
    return isinstance(above, cst.If) and above.orelse is head


@dataclass(frozen=True, slots=True, eq=False)
class _Statements:
    """The statements of a choice: all its ``arms``, of which ``kept`` stays.

    ``deleted`` go; ``replaced`` is the ``if`` in whose place the arm comes to stand.
    """

    arms: Sequence[Arm]
    kept: Arm
    deleted: Sequence[cst.If] = ()
    replaced: cst.If | None = None


def _collapsed(finding: Finding[object], choice: _Statements, words: DeviceWords) -> Outcome:
    """One statement with the handle's device in place of ``choice``."""
    devices = [plain_device(arm.value, words.facts) for arm in choice.arms]
    plain = [device for device in devices if device is not None]
    if len(plain) != len(devices):
        return (
            Refuse(finding, _INDEXED)
            if _names_index(choice.arms, words)
            else Refuse(finding, _MORE)
        )
    if not is_the_handles(plain) or len({device.made for device in plain}) != 1:
        return Refuse(finding, _UNUSUAL)
    unused = [
        answer
        for statement in (choice.replaced, *choice.deleted)
        if isinstance(statement, cst.If)
        for link in links(statement)
        for answer in kept_for_nothing_else(link.test, words.facts)
    ]
    beginning = "return " if choice.kept.target is None else f"{choice.kept.target} = "

    def edits(written: str) -> tuple[NodeEdit, ...]:
        gone = tuple(Delete(statement) for statement in (*choice.deleted, *unused))
        if choice.replaced is None:
            return (*gone, Replace(choice.kept.value, written))
        return (*gone, Replace(choice.replaced, beginning + written))

    return _mended(finding, choice.kept.value, plain, edits, words)


def _names_index(chain: Sequence[Arm], words: DeviceWords) -> bool:
    for arm in chain:
        value = arm.value
        if isinstance(value, cst.Call) and value.args:
            value = value.args[0].value
        text = device_text(value)
        if text is not None and text.indexed and plain_device(value, words.facts) is None:
            return True
    return False


def _with_later_return(
    finding: Finding[object], head: cst.If, chain: Sequence[Arm], words: DeviceWords
) -> Outcome:
    """``if available: return "cuda"`` before ``return "cpu"``, and others like it between."""
    block = words.facts.parent(head)
    if not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return Refuse(finding, _UNUSUAL)
    arms = list(chain)
    deleted = [head]
    index = next(i for i, each in enumerate(block.body) if each is head)
    for line in block.body[index + 1 :]:
        if isinstance(line, cst.If) and line.orelse is None:
            arm = arm_of(line.body, words.facts)
            if arm is None or asks_only_for_device(line.test, words.facts) is not True:
                return Refuse(finding, _MORE)
            arms.append(arm)
            deleted.append(line)
            continue
        last = (
            single_arm(line.body[0], words.facts)
            if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
            else None
        )
        if last is None or any(arm.target is not None for arm in (*arms, last)):
            return Refuse(finding, _MORE)
        return _collapsed(finding, _Statements((*arms, last), last, deleted), words)
    return Refuse(finding, _UNUSUAL)


def _with_earlier_default(
    finding: Finding[object], head: cst.If, chain: Sequence[Arm], words: DeviceWords
) -> Outcome:
    """``device = "cpu"`` right before ``if available: device = "cuda"``."""
    block = words.facts.parent(head)
    if not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return Refuse(finding, _UNUSUAL)
    index = next(i for i, each in enumerate(block.body) if each is head)
    line = block.body[index - 1] if index else None
    default = (
        single_arm(line.body[0], words.facts)
        if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
        else None
    )
    if default is None or default.target != chain[0].target:
        return Refuse(finding, _UNUSUAL)
    return _collapsed(finding, _Statements((*chain, default), default, (head,)), words)


CODEMOD = Codemod(__name__, __doc__ or "", AvailabilityBranch, rewrite)
