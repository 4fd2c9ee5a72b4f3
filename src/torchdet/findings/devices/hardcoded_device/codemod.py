"""Take a device that is written as a literal from the handle.

A place that is known to take a ``torch.device`` gets ``rt.device``; ``"cuda:1"`` and
``f"cuda:{rank}"`` become ``rt.device_for(...)``. Where the value may be wanted as text - it is
compared, formatted, kept in an attribute or a setting, or handed to code that is not seen - it
stays text: ``rt.device.type`` is ``"cuda"`` where there is CUDA. Refused are the values of dicts,
and in tests all that is not certainly used as a device: there it may be data.

The default of a command-line option becomes ``"auto"`` where the option is only read, in this
file, by places that take a device, each of which then reads ``rt.device_for(args.device)``; else
it is ``rt.device.type``.

``torch.autocast("cuda")`` does nothing on a machine without CUDA, and ``torch.autocast("cpu")``
computes in bfloat16, so that this change is unsafe. An index other than 0 in a default, or in what
an import runs, is refused: looking it up raises where the device is missing, which the text did
not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torchdet.edit.node_edit import InsertAfter, InsertBefore, NodeEdit, Replace
from torchdet.facts.expressions import argument, last_name, string_value
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.findings.devices.hardcoded_device.rule import DeviceLiteral
from torchdet.findings.project_conditions import NotReadElsewhere
from torchdet.reading.devices.device_options import option_reads
from torchdet.reading.devices.device_text import DeviceText
from torchdet.reading.devices.device_uses import compares_text, needs_plain_text, takes_device
from torchdet.reading.devices.positions import PositionKind, text_built_on
from torchdet.reading.devices.sinks import DEVICE_SINKS, matches
from torchdet.reading.module_role import runs_at_import
from torchdet.torch_api.device_arguments import AUTOCASTS
from torchdet.torch_api.device_types import MANAGED_TYPES

_AUTOCAST = Grounds(
    "on the CPU, where `autocast` for CUDA does nothing, it would switch autocast on or off",
    "make the change with `--unsafe-fixes` if that is wanted on the CPU, too, or pass "
    '`enabled=rt.device.type != "cpu"`',
)
_UNMANAGED = Grounds(
    "the handle does not manage this kind of accelerator",
    "take the device from the caller, or choose it in one place",
)
_MEMBER = Grounds(
    "it is the value of an enumeration's member, which stands for this very device",
    "choose the member where the device is used, by `rt.device.type`",
)
_LITERAL_TYPE = Grounds(
    "its annotation allows literals alone",
    "widen the annotation to `str`, or default to `None` and use `rt.device` then",
)
_CHOICES = Grounds(
    "the choices of the option may not name the device that is there",
    'let the choices hold "auto", make it the default, and use `rt.device_for(...)`',
)
_EAGER = Grounds(
    "looking this device up raises where it is missing, and this place is evaluated even where "
    "nobody uses it",
    'default to `None` or `"auto"` and look the device up where it is used',
)
_OTHER_LIBRARY = Grounds(
    "the device is one of another library, which the handle does not choose",
    "decide by `rt.device.type` what that library shall use",
)
_NO_TYPE = Grounds(
    "the place takes the type of a device, and this names one by its index",
    "write the type alone",
)
_DATA = Grounds(
    "it stands in a dict, where it may be data that is stored or compared",
    "use `rt.device.type` there if the device of this machine is meant",
)
_TESTED = Grounds(
    "a test may give this text and expect it back, without a device of this kind",
    "use `rt.device`, or `rt.device.type`, if the test computes on it",
)
_INDEXED_TEXT = Grounds(
    "it names a device by its index and may be wanted as text, which needs no such device",
    "look it up with `rt.device_for(...)` where a tensor or module is put there",
)
_OTHER_LIBRARIES = frozenset(
    {"ctranslate2", "cupy", "faster_whisper", "jax", "mxnet", "onnxruntime", "paddle"}
    | {"taichi", "tensorflow", "tf", "triton", "tvm", "warp", "wp"}
)


def rewrite(
    findings: Sequence[Finding[DeviceLiteral]], context: MigrationContext
) -> Iterator[Outcome]:
    words = DeviceWords(context)
    for finding in findings:
        yield words.refused(finding) or _outcome(finding, words)


def _outcome(finding: Finding[DeviceLiteral], words: DeviceWords) -> Outcome:
    literal, text = finding.subject.node, finding.subject.text
    if text.type not in MANAGED_TYPES:
        return Refuse(finding, _UNMANAGED)
    whole = _whole_text(literal, words)
    refused = _refused_place(finding, whole, words)
    if refused is not None:
        return refused
    made = _made_device(whole, words)
    if made is not None:
        return _instead_of_made(finding, made, whole, text, words)
    if needs_plain_text(whole, words.facts):
        return _as_type(finding, whole, text, words)
    if text.indexed or whole is not literal:
        return _looked_up(finding, whole, words)
    return _unindexed(finding, words)


def _whole_text(literal: cst.BaseExpression, words: DeviceWords) -> cst.BaseExpression:
    """``"cuda:" + str(rank)`` for its ``"cuda:"``, else ``literal`` itself."""
    above = text_built_on(literal, words.facts)
    return literal if above is None or isinstance(above, cst.FormattedString) else above


# Places where nothing can be written.


def _refused_place(
    finding: Finding[object], whole: cst.BaseExpression, words: DeviceWords
) -> Outcome | None:
    facts = words.facts
    for above in facts.ancestors(whole):
        if isinstance(above, cst.ClassDef):
            bases = [last_name(base.value) or "" for base in above.bases]
            if any(base.endswith(("Enum", "StrEnum")) for base in bases):
                return Refuse(finding, _MEMBER)
            break
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            break
    annotation = _annotation(whole, words)
    if annotation is not None and _names_literals(annotation):
        return Refuse(finding, _LITERAL_TYPE)
    if _is_data(whole, words):
        return Refuse(finding, _DATA)
    call = facts.parent(facts.parent(whole))
    if isinstance(call, cst.Call) and _is_of_other_library(call, words):
        return Refuse(finding, _OTHER_LIBRARY)
    used = _made_device(whole, words) or whole
    if words.in_test and not takes_device(used, facts) and not needs_plain_text(used, facts):
        return Refuse(finding, _TESTED)
    return None


def _is_data(whole: cst.BaseExpression, words: DeviceWords) -> bool:
    """Whether ``whole`` is a value of a dict that is no mapping to devices, nor arguments."""
    parent = words.facts.parent(whole)
    if not isinstance(parent, cst.DictElement):
        return False
    arg = words.facts.parent(words.facts.parent(parent))
    if not isinstance(arg, cst.Arg):
        return True
    named = arg.keyword is not None and matches(DEVICE_SINKS.mappings, arg.keyword.value)
    return arg.star != "**" and not named


def _annotation(node: cst.BaseExpression, words: DeviceWords) -> cst.Annotation | None:
    parent = words.facts.parent(node)
    return parent.annotation if isinstance(parent, (cst.Param, cst.AnnAssign)) else None


def _names_literals(annotation: cst.Annotation) -> bool:
    return any(
        isinstance(node, cst.Subscript) and last_name(node.value) == "Literal"
        for node in descendants(annotation)
    )


def _is_of_other_library(call: cst.Call, words: DeviceWords) -> bool:
    names = words.facts.resolve(call.func).names
    return any(name.partition(".")[0] in _OTHER_LIBRARIES for name in names)


# `torch.device(...)`.


def _made_device(whole: cst.BaseExpression, words: DeviceWords) -> cst.Call | None:
    """The call `torch.device(whole)`, or `torch.device(whole, index)`."""
    arg = words.facts.parent(whole)
    call = words.facts.parent(arg)
    if not isinstance(arg, cst.Arg) or not isinstance(call, cst.Call) or arg.star:
        return None
    if not words.facts.means(call.func, "torch.device") or call.args[0] is not arg:
        return None
    return call if len(call.args) <= 2 and not call.args[-1].star else None


def _instead_of_made(
    finding: Finding[object],
    made: cst.Call,
    whole: cst.BaseExpression,
    text: DeviceText,
    words: DeviceWords,
) -> Outcome:
    """The handle's device instead of a ``torch.device`` that is made of a literal."""
    facts = words.facts
    index = argument(made, "index", 1)
    if index is None and not text.indexed:
        by_type = words.rewrite(finding, (Replace(whole, words.text),), words.text)
        if words.chosen_by_hand or compares_text(made, facts):
            return by_type
        by_device = words.rewrite(finding, (Replace(made, words.device),), words.device)
        return words.as_current(by_device, by_type)
    if index is not None and text.type != "cuda":
        return Refuse(finding, _UNMANAGED)
    if _is_eager(made, words):
        if index is None and _names_first(whole):
            device = f"{words.handle}.device"
            return words.rewrite(finding, (Replace(made, device),), device)
        return Refuse(finding, _EAGER)
    spelled = _index_in(whole, facts) if index is None else facts.code(index.value)
    looked_up = words.looked_up(spelled or facts.code(whole))
    return words.rewrite(finding, (Replace(made, looked_up),), "rt.device_for(...)")


# Texts.


def _as_type(
    finding: Finding[object], whole: cst.BaseExpression, text: DeviceText, words: DeviceWords
) -> Outcome:
    """The type of the handle's device, for a function that takes no more."""
    if text.indexed or whole is not finding.node:
        return Refuse(finding, _NO_TYPE)
    call = words.facts.parent(words.facts.parent(whole))
    autocast = isinstance(call, cst.Call) and words.facts.means(call.func, *AUTOCASTS)
    risk = _AUTOCAST if autocast else None
    return words.rewrite(finding, (Replace(whole, words.text),), words.text, risk=risk)


def _unindexed(finding: Finding[DeviceLiteral], words: DeviceWords) -> Outcome:
    """`"cuda"`: the handle's device, or its type where text may be wanted."""
    facts = words.facts
    literal, position = finding.subject.node, finding.subject.position
    if position.kind is PositionKind.OPTION and position.call is not None:
        return _option_default(finding, literal, position.call, words)
    if takes_device(literal, facts):
        return words.current(finding, lambda device: (Replace(literal, device),))
    return words.rewrite(finding, (Replace(literal, words.text),), words.text)


def _looked_up(finding: Finding[object], whole: cst.BaseExpression, words: DeviceWords) -> Outcome:
    """`"cuda:1"` and its like: the device that the handle has for it."""
    facts = words.facts
    if _is_eager(whole, words):
        if not _names_first(whole):
            return Refuse(finding, _EAGER)
        device = f"{words.handle}.device"
        written = device if takes_device(whole, facts) else f"str({device})"
        return words.rewrite(finding, (Replace(whole, written),), written)
    if not takes_device(whole, facts):
        return Refuse(finding, _INDEXED_TEXT)
    index = _index_in(whole, facts)
    if index:
        looked_up = words.looked_up(index)
        return words.rewrite(finding, (Replace(whole, looked_up),), looked_up)
    start, end = f"{words.handle}.device_for(", ")"
    edits: tuple[NodeEdit, ...] = (InsertBefore(whole, start), InsertAfter(whole, end))
    return words.rewrite(finding, edits, f"{start}...{end}")


def _index_in(node: cst.BaseExpression, facts: FileFacts) -> str:
    """The code of the index in ``"cuda:1"`` and ``f"cuda:{rank}"``; empty for other text.

    The handle takes an index as a number, and as the digits of one.
    """
    text = string_value(node)
    if text is not None:
        index = text.rpartition(":")[2]
        return index if index.isdecimal() else ""
    if not isinstance(node, cst.FormattedString) or len(node.parts) != _VENDOR_AND_INDEX:
        return ""
    last = node.parts[-1]
    if not isinstance(last, cst.FormattedStringExpression) or last.format_spec or last.conversion:
        return ""
    return "" if last.equal else facts.code(last.expression)


_VENDOR_AND_INDEX = 2


def _names_first(node: cst.BaseExpression) -> bool:
    return (string_value(node) or "").endswith(":0")


def _is_eager(node: cst.BaseExpression, words: DeviceWords) -> bool:
    """Whether ``node`` is evaluated although nothing may use its device.

    A default, of a parameter or a look-up, and what runs on import but for what is used at once.
    """
    facts = words.facts
    parent = facts.parent(node)
    call = facts.parent(parent) if isinstance(parent, cst.Arg) else None
    if isinstance(call, cst.Call) and last_name(call.func) in _EAGER_CALLS:
        return True
    if isinstance(parent, (cst.Param, cst.BooleanOperation)):
        return isinstance(parent, cst.Param)
    used_at_once = isinstance(call, cst.Call) and takes_device(node, facts)
    return runs_at_import(node, facts) and not used_at_once


_EAGER_CALLS = frozenset(
    {"get", "pop", "setdefault", "getenv", "getattr", "add_argument", "add_option", "option"}
    | {"argument", "field", "Field", "Option", "Argument"}
)


# Command-line options.


def _option_default(
    finding: Finding[object], literal: cst.BaseExpression, call: cst.Call, words: DeviceWords
) -> Outcome:
    """The default of an option: `"auto"` where all reads can look the device up."""
    choices = argument(call, "choices")
    if _is_checked_against_choices(call) or (
        choices is not None and not _may_hold_cpu(choices.value)
    ):
        return Refuse(finding, _CHOICES)
    reads = option_reads(call, words.facts) if choices is None else None
    if reads is None:
        return words.rewrite(finding, (Replace(literal, words.text),), words.text)
    edits: list[NodeEdit] = [Replace(literal, '"auto"')]
    for read in reads.nodes:
        made = _made_device(read, words)
        if made is not None:
            edits.append(Replace(made.func, f"{words.handle}.device_for"))
        else:
            edits += [
                InsertBefore(read, f"{words.handle}.device_for("),
                InsertAfter(read, ")"),
            ]
    change = words.rewrite(finding, tuple(edits), f"{words.handle}.device_for(...)")
    seen = tuple(NotReadElsewhere(words.module_name, name) for name in reads.exposed)
    return replace(change, conditions=(*change.conditions, *seen))


def _is_checked_against_choices(call: cst.Call) -> bool:
    """Whether the default itself must be one of the choices, as click demands."""
    kind = argument(call, "type")
    return kind is not None and any(
        isinstance(node, cst.Call) and last_name(node.func) == "Choice"
        for node in descendants(kind.value)
    )


def _may_hold_cpu(choices: cst.BaseExpression) -> bool:
    if not isinstance(choices, (cst.List, cst.Tuple, cst.Set)):
        return True
    return any(string_value(element.value) in {"cpu", None} for element in choices.elements)


CODEMOD = Codemod(__name__, __doc__ or "", DeviceLiteral, rewrite)
