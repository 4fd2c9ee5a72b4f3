"""One file receives the handle: its edits as one change, which is made whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torchdet.edit.lossless import is_lossless
from torchdet.edit.lower import edited_nodes, lower_fix
from torchdet.edit.node_edit import NodeFix
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.settings import CheckSettings
from torchdet.facts.lazy import cst
from torchdet.facts.locate import locate
from torchdet.findings.base import Grounds
from torchdet.migrate.file_survey import Change
from torchdet.migrate.injection.file_outline import FileOutline
from torchdet.migrate.injection.injected_edits import Injection
from torchdet.migrate.injection.read_outline import NO_PARAMETER, OutlinedFile, read_outline
from torchdet.migrate.injection.reception import FileReception
from torchdet.model.fix import Applicability
from torchdet.model.location import Location, Span
from torchdet.model.migration import Refusal
from torchdet.model.source import SourceText

CODE = "DET105"
"""The rule that finds, under ``policy = "inject"``, what is injected here."""


@dataclass(frozen=True, slots=True)
class InjectedFile:
    """The one ``change`` of a file, and the places in its text that the account names."""

    change: Change | None
    received: tuple[tuple[Location, str], ...] = ()
    refusals: tuple[Refusal, ...] = ()


def outline_of(path: str, source: SourceText, settings: CheckSettings) -> FileOutline:
    """The outline of a file. Raises ``UnparseableError``."""
    return run_with_deep_stack(lambda: read_outline(path, source, settings).outline)


def inject(source: SourceText, settings: CheckSettings, reception: FileReception) -> InjectedFile:
    """What ``reception`` comes to in the file. Raises ``UnparseableError``."""
    return run_with_deep_stack(lambda: _inject(source, settings, reception))


def _inject(source: SourceText, settings: CheckSettings, reception: FileReception) -> InjectedFile:
    outlined = read_outline(reception.path, source, settings)
    edits = Injection(outlined, reception).run()
    fix = NodeFix("the handle is received", Applicability.SAFE, edits)
    facts = outlined.context.facts
    told = dict(_told(outlined, reception))
    refused = list(_refused(outlined, reception))
    wanted = {*edited_nodes(fix), *told, *(node for node, _ in refused)}
    positions = locate(facts.module, source.text, wanted, facts.index.parents)
    places = {node: source.location(positions.spans[node][0]) for node in wanted}
    refusals = [Refusal(CODE, places[node], why.reason, why.advice) for node, why in refused]
    if not edits:
        return InjectedFile(None, refusals=tuple(refusals))
    lowered = lower_fix(fix, positions, facts) if is_lossless(fix, facts) else None
    first = source.location(0)
    if lowered is None:
        refusals.append(Refusal(CODE, first, _OVERLAP.reason, _OVERLAP.advice))
        return InjectedFile(None, refusals=tuple(refusals))
    received = tuple((places[node], message) for node, message in told.items())
    return InjectedFile(Change(CODE, Span(first, first), lowered), received, tuple(refusals))


_OVERLAP = Grounds(
    "the edits of the file would overlap, or lose a comment",
    "move comments out of the signatures and calls in it, and migrate again",
)


_KEPT = Grounds(
    "the function is kept as a value, and whoever calls it passes no handle",
    "keep `functools.partial(function, rt=rt)` where a handle is at hand",
)


def _told(outlined: OutlinedFile, reception: FileReception) -> Iterator[tuple[cst.CSTNode, str]]:
    for name, each in reception.functions.items():
        if each.parameter or each.obtained:
            verb = "receives" if each.parameter else "obtains"
            yield outlined.functions[name][0].name, f"`{name}` {verb} the handle"
    for name, keeping in reception.classes.items():
        if keeping.stores:
            yield outlined.classes[name].name, f"`{name}` keeps the handle"


def _refused(
    outlined: OutlinedFile, reception: FileReception
) -> Iterator[tuple[cst.CSTNode, Grounds]]:
    for name, grounds in reception.refused.items():
        known: Sequence[cst.FunctionDef | cst.ClassDef] = outlined.functions.get(name, ())
        node = known[0] if known else outlined.classes[name]
        yield node.name, grounds
    for number in reception.kept:
        yield outlined.mentions[number].node, _KEPT
    if outlined.outline.program:
        return
    for effect in (*outlined.effects.get("", ()), *outlined.effects.get(None, ())):
        if not outlined.outline.main:
            yield effect.name, NO_PARAMETER
