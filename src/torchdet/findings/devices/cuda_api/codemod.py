"""Use the handle, or PyTorch's neutral name, instead of a function of ``torch.cuda``.

What the handle does on every device goes through it: ``rt.synchronize()``, ``rt.event(...)``,
``rt.stream()``, ``rt.current_stream()``, ``with rt.use_stream(s):``, ``rt.set_device(index)``,
``rt.empty_cache()``, ``rt.reset_peak_memory()``. The memory figures are unsafe: on the CPU
``torch.cuda`` answers 0, and the handle with the memory of the process.
``torch.cuda.manual_seed_all(s)`` beside ``torch.manual_seed(s)``, which seeds all devices, goes.

Else the rule's own fix is made where it is safe, also through a name that the module binds
(``autocast = torch.cuda.amp.autocast``), if no other module reads that name. A question whether
CUDA is available is asked of any accelerator where all that it guards was rewritten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torchdet.edit.node_edit import InsertBefore, NodeEdit, Replace
from torchdet.facts.expressions import has_unpacking
from torchdet.facts.lazy import cst
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import ScopeKind
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import (
    Codemod,
    Finding,
    MigrationContext,
    Outcome,
    Refuse,
    Rewrite,
)
from torchdet.findings.devices.api_rewrite import (
    rewritten_with_assignment,
    rewritten_with_import,
)
from torchdet.findings.devices.cuda_api.rule import CudaName
from torchdet.findings.devices.device_words import DeviceWords
from torchdet.findings.devices.seed_calls import collapsed_seeding
from torchdet.findings.project_conditions import NotReadElsewhere
from torchdet.model.fix import Applicability
from torchdet.torch_api.device_apis import DeviceApi, Equivalence, Respelling
from torchdet.torch_api.device_queries import CUDA_AVAILABLE
from torchdet.torch_api.random_numbers import ACCELERATOR_SEEDERS


@dataclass(frozen=True, slots=True)
class _HandleCall:
    """A method of the handle, and the parameters that it shares with the function of CUDA.

    ``parameters`` are the names by position. ``current`` says that without a device both are
    about the current one; ``read`` is the attribute of the value that is meant.
    """

    method: str
    parameters: tuple[str, ...] = ()
    current: bool = False
    read: str = ""
    risk: Grounds | None = None


_PROCESS_MEMORY = Grounds(
    "on the CPU, `torch.cuda` answers 0, and the handle with the memory of the process",
    "make the change with `--unsafe-fixes` if the figure is only shown, or keep it behind a test "
    "of `rt.device.type`",
)

_HANDLE_CALLS: Mapping[str, _HandleCall] = {
    "torch.cuda.synchronize": _HandleCall("synchronize", ("device",), current=True),
    "torch.cuda.current_stream": _HandleCall("current_stream", ("device",), current=True),
    "torch.cuda.Event": _HandleCall("event", ("enable_timing",)),
    "torch.cuda.Stream": _HandleCall("stream", ("device", "priority"), current=True),
    "torch.cuda.set_device": _HandleCall("set_device", ("device",)),
    "torch.cuda.empty_cache": _HandleCall("empty_cache"),
    "torch.cuda.memory.empty_cache": _HandleCall("empty_cache"),
    "torch.cuda.reset_peak_memory_stats": _HandleCall(
        "reset_peak_memory", ("device",), current=True
    ),
    "torch.cuda.memory_allocated": _HandleCall(
        "memory", ("device",), current=True, read="allocated", risk=_PROCESS_MEMORY
    ),
    "torch.cuda.max_memory_allocated": _HandleCall(
        "memory", ("device",), current=True, read="peak", risk=_PROCESS_MEMORY
    ),
}
_KEYWORD_ONLY = frozenset({"priority"})
_STREAM_MAKERS = (
    *("torch.cuda.Stream", "torch.cuda.current_stream", "torch.cuda.default_stream"),
    *("torchdet.runtime.TorchHandle.stream", "torchdet.runtime.TorchHandle.current_stream"),
)
_SAME_FOR_A_PROGRAM = frozenset({"torch.cuda.device_count"})

_AMBIGUOUS = Grounds(
    "the name may mean something else as well",
    "import torch in one way only, and migrate again",
)
_CLASS = Grounds(
    "the class itself is named, and the handle gives objects of each device's own class",
    "make the object with the handle, and annotate `torch.Stream` or `torch.Event`",
)
_OTHER_ARGUMENTS = Grounds(
    "the call has arguments that only CUDA knows",
    "leave the call behind a test of `rt.device.type`, or do without the arguments",
)
_CHOSEN_BY_HAND = Grounds(
    "the file chooses the current device by hand, which this is about",
    "pass the device, or let the launcher's local rank choose it",
)
_MAYBE_NONE = Grounds(
    "the stream may be None, which the handle's context does not take",
    "make the stream with `rt.stream()` on every device and use `rt.use_stream(...)`",
)
_LONE_SEED = Grounds(
    "it seeds the accelerators alone, and `torch.manual_seed` the CPU as well",
    "seed everything once with `rt.manual_seed(...)`, or draw from `rt.generator(...)`",
)
_GUARD = Grounds(
    "what it guards is still written for CUDA",
    "ask `torch.accelerator.is_available()`, or for `rt.device.type`, once that is neutral",
)


def rewrite(findings: Sequence[Finding[CudaName]], context: MigrationContext) -> Iterator[Outcome]:
    words = DeviceWords(context)
    version = context.rules.config.torch_version
    guards = {id(each) for each in findings if _name(each, words) == CUDA_AVAILABLE}
    outcomes = {
        id(each): words.refused(each) or _outcome(each, words, version)
        for each in findings
        if id(each) not in guards
    }
    kept = {
        id(each)
        for each in findings
        if not isinstance(outcome := outcomes.get(id(each)), Rewrite) or outcome.risk is not None
    }
    within, kept_within = Counter[cst.CSTNode](), Counter[cst.CSTNode]()
    for finding in findings:
        within.update(words.facts.ancestors(finding.node))
        if id(finding) in kept:
            kept_within.update(words.facts.ancestors(finding.node))
    for finding in findings:
        if id(finding) in guards:
            guarded = words.facts.parent(words.facts.parent(finding.node))
            others = within[guarded] - 1, kept_within[guarded] - 1  # all but the guard itself
            outcomes[id(finding)] = words.refused(finding) or _guard(finding, guarded, *others)
    for finding in findings:
        yield outcomes[id(finding)]


def _name(finding: Finding[CudaName], words: DeviceWords) -> str | None:
    resolution = words.facts.resolve(finding.subject.node)
    return finding.subject.api.name if isinstance(resolution, Exact) else None


def _outcome(finding: Finding[CudaName], words: DeviceWords, version: tuple[int, int]) -> Outcome:
    name = _name(finding, words)
    node = finding.subject.node
    if name is None:
        return Refuse(finding, _AMBIGUOUS)
    parent = words.facts.parent(node)
    call = parent if isinstance(parent, cst.Call) and parent.func is node else None
    if call is not None and name in ACCELERATOR_SEEDERS:
        return _seeding(finding, call, words)
    if call is not None and name == "torch.cuda.stream":
        return _used_stream(finding, call, words)
    if name in _HANDLE_CALLS:
        if call is None:
            return Refuse(finding, _CLASS)
        return _through_handle(finding, call, _HANDLE_CALLS[name], words)
    return _neutral(finding, node, finding.subject.api, words, version)


# Through the handle.


def _through_handle(
    finding: Finding[object], call: cst.Call, method: _HandleCall, words: DeviceWords
) -> Outcome:
    edits = _arguments(call, method)
    if edits is None:
        return Refuse(finding, _OTHER_ARGUMENTS)
    at_hand = method.current and not any(_fills(arg, call, "device", method) for arg in call.args)
    neutral = _safe_fix(finding) if at_hand else None
    if at_hand and words.chosen_by_hand:
        return neutral or Refuse(finding, _CHOSEN_BY_HAND)
    written = f"{words.handle}.{method.method}"
    shown = f"{written}(...)" if call.args else f"{written}()"
    function: tuple[NodeEdit, ...] = (Replace(call.func, written),)
    if method.read:
        inside = words.facts.code(call.with_changes(func=cst.Name("f"), lpar=(), rpar=()))[1:]
        function = (Replace(call, f"{written}{inside}.{method.read}"),)
        shown = f"{shown}.{method.read}"
        edits = ()
    change = words.rewrite(finding, (*function, *edits), shown, risk=method.risk)
    return words.as_current(change, neutral) if at_hand else change


def _safe_fix(finding: Finding[object]) -> Rewrite | None:
    """The rule's own fix, where it is safe."""
    fix = finding.fix
    if fix is None or fix.applicability is not Applicability.SAFE:
        return None
    return Rewrite(finding, fix.edits, fix.message, needs_handle=False)


def _fills(arg: cst.Arg, call: cst.Call, parameter: str, method: _HandleCall) -> bool:
    if arg.keyword is not None:
        return arg.keyword.value == parameter
    position = call.args.index(arg)
    return position < len(method.parameters) and method.parameters[position] == parameter


def _arguments(call: cst.Call, method: _HandleCall) -> tuple[NodeEdit, ...] | None:
    """The edits of the arguments; None where the method does not take them."""
    if has_unpacking(call) or len(call.args) > len(method.parameters):
        return None
    edits: list[NodeEdit] = []
    for position, arg in enumerate(call.args):
        if arg.keyword is not None:
            if arg.keyword.value not in method.parameters:
                return None
        elif method.parameters[position] in _KEYWORD_ONLY:
            edits.append(InsertBefore(arg, f"{method.parameters[position]}="))
    return tuple(edits)


def _used_stream(finding: Finding[object], call: cst.Call, words: DeviceWords) -> Outcome:
    """`with torch.cuda.stream(s):`, where `s` is certainly a stream."""
    if len(call.args) != 1 or call.args[0].star:
        return Refuse(finding, _OTHER_ARGUMENTS)
    if not _is_stream(call.args[0].value, words):
        return Refuse(finding, _MAYBE_NONE)
    written = f"{words.handle}.use_stream"
    return words.rewrite(finding, (Replace(call.func, written),), f"{written}(...)")


def _is_stream(node: cst.BaseExpression, words: DeviceWords) -> bool:
    """Whether ``node`` makes a stream, or reads what is only ever given one."""
    sources = words.facts.flow.sources(node)
    return sources.complete and all(
        isinstance(end.node, cst.Call) and words.facts.means(end.node.func, *_STREAM_MAKERS)
        for end in sources.every
    )


def _seeding(finding: Finding[object], call: cst.Call, words: DeviceWords) -> Outcome:
    edits = collapsed_seeding(call, words.handle, words.facts)
    if edits is None:
        return Refuse(finding, _LONE_SEED)
    written = "torch.manual_seed(...)" if len(edits) == 1 else f"{words.handle}.manual_seed(...)"
    return words.rewrite(finding, edits, written)


# By PyTorch's neutral names.


def _neutral(
    finding: Finding[object],
    node: cst.BaseExpression,
    api: DeviceApi,
    words: DeviceWords,
    version: tuple[int, int],
) -> Outcome:
    fix = finding.fix
    if fix is not None:
        same = fix.applicability is Applicability.SAFE or (
            api.name in _SAME_FOR_A_PROGRAM and not isinstance(node, cst.Name)
        )
        if same:
            return Rewrite(finding, fix.edits, fix.message, needs_handle=False)
    if api.sameness is Equivalence.SAME:
        rewritten = _with_binding(finding, node, api, words, version)
        if rewritten is not None:
            return rewritten
    return Refuse(finding, _not_the_same(api))


def _not_the_same(api: DeviceApi) -> Grounds:
    """Why the neutral name is not written, and what to do with the code."""
    behind = 'keep it behind `if rt.device.type == "cuda":`'
    note = f": {api.note}" if api.note else ""
    if not api.spelling:
        return Grounds(f"no other device has this{note}", behind)
    reason = f"`{api.spelling}` is not quite the same{note}"
    if api.rewrite is Respelling.DEVICE_MODULE:
        written = api.spelling.replace("(device)", "(rt.device)")
        return Grounds(reason, f"write `{written}` behind a test of `rt.device.type`")
    return Grounds(
        reason, f"write `{api.spelling}` if the difference is harmless here, or {behind}"
    )


def _with_binding(
    finding: Finding[object],
    node: cst.BaseExpression,
    api: DeviceApi,
    words: DeviceWords,
    version: tuple[int, int],
) -> Rewrite | None:
    """The rewrite of a name with all its uses, if no other module has it from this one."""
    facts = words.facts
    message = f"`{api.spelling}`"
    assigned = rewritten_with_assignment(node, facts, version)
    if assigned is not None:
        edits, binding = assigned
        change = Rewrite(finding, edits, message, needs_handle=False)
        owner = facts.scope(binding.node).owner(binding.name)
        if owner is None or owner.kind is not ScopeKind.MODULE:
            return change
        return replace(change, conditions=(NotReadElsewhere(words.module_name, binding.name),))
    imported = rewritten_with_import(node, facts, version)
    if imported is None:
        return None
    names = _imported_names(node, words)
    conditions = tuple(NotReadElsewhere(words.module_name, name) for name in names)
    return Rewrite(finding, imported, message, needs_handle=False, conditions=conditions)


def _imported_names(node: cst.BaseExpression, words: DeviceWords) -> Iterator[str]:
    """The names that the import statement binds from which ``node`` has its own."""
    while isinstance(node, cst.Attribute):
        node = node.value
    bindings = words.facts.bindings(node) if isinstance(node, cst.Name) else []
    for binding in bindings:
        statement = words.facts.parent(binding.node)
        if isinstance(statement, cst.ImportFrom):
            for other in words.facts.index.bindings():
                if words.facts.index.parents.get(other.node) is statement:
                    yield other.name
        else:
            yield binding.name


# Questions.


def _guard(
    finding: Finding[CudaName], guarded: cst.CSTNode, within: int, kept_within: int
) -> Outcome:
    """`torch.cuda.is_available()`, which guards nothing but what was found as well."""
    fix = finding.fix
    if fix is None or kept_within:
        return Refuse(finding, _GUARD)
    if isinstance(guarded, (cst.If, cst.IfExp, cst.BooleanOperation)) and not within:
        return Refuse(finding, _GUARD)
    return Rewrite(finding, fix.edits, fix.message, needs_handle=False)


CODEMOD = Codemod(__name__, __doc__ or "", CudaName, rewrite)
