"""What the outline of a file already tells: its whole report, or that it takes LibCST to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from torchdet.engine.file_report import Found, file_report
from torchdet.engine.noqa_rows import NoqaRows
from torchdet.engine.settings import CheckSettings
from torchdet.engine.suppress import Finding
from torchdet.facts.handle_names import EXPORTS, HANDLE, HANDLE_FACTORIES, RUNTIME_MODULE
from torchdet.facts.screen import Mention, Outline, outline_of
from torchdet.findings.base import Rule
from torchdet.findings.registry import dispatch_table
from torchdet.findings.screen import MentionScreen, PlainDraft
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.location import Span
from torchdet.model.source import SourceText
from torchdet.reading.context import Place

# By these torch comes into a file in ways that an outline does not follow.
_OTHER_WAYS = frozenset({HANDLE, *HANDLE_FACTORIES, "importlib.import_module"})


def screened_report(
    path: str, source: SourceText, live: tuple[Rule, ...], settings: CheckSettings
) -> FileReport | None:
    """The report on a file in which the ``live`` rules find nothing but plain imports.

    None for any other file, and wherever an outline is not enough to tell.
    """
    decided: list[tuple[Rule, PlainDraft]] = []
    for rule, drafts in screen_answers(path, source, live, settings):
        if drafts is None:
            return None
        decided += ((rule, draft) for draft in drafts)
    found = Found(tuple(_findings(decided, source, settings)))
    return file_report(path, found, source, settings)


def screen_answers(
    path: str, source: SourceText, live: tuple[Rule, ...], settings: CheckSettings
) -> Iterator[tuple[Rule, tuple[PlainDraft, ...] | None]]:
    """Each of the ``live`` rules with all that it reports in a file; None if LibCST has to say."""
    outline = outline_of(source)
    place = Place(settings.config, path, settings.module_name, settings.project)
    references = _references(outline, live, settings) if outline is not None else None
    for rule in live:
        if outline is None or references is None:
            yield rule, None
        elif rule.screen.decide is not None:
            yield rule, rule.screen.decide(outline, place)
        else:
            yield rule, None if _may_fire(rule, outline, references, place) else ()


def _references(
    outline: Outline, live: tuple[Rule, ...], settings: CheckSettings
) -> Mapping[str, list[Mention]] | None:
    """What may mean the names of ``live`` rules; None where torch comes in by another way."""
    if any(_is_runtime_module(module) for each in outline.imports for module in each.modules()):
        return None
    config = settings.config
    other_ways = _OTHER_WAYS | {f"{config.facade_module}.torch", "torchdet.facade.torch"}
    other_ways |= {f"{each}.{name}" for each in config.runtime_modules for name in EXPORTS}
    references = outline.references(frozenset(dispatch_table(live).names) | other_ways)
    return references if other_ways.isdisjoint(references) else None


def _is_runtime_module(name: str) -> bool:
    return name.rpartition(".")[2] == RUNTIME_MODULE


def _may_fire(
    rule: Rule, outline: Outline, references: Mapping[str, list[Mention]], place: Place
) -> bool:
    """Whether ``rule`` may have something to report."""
    if not rule.screen.file(outline, place):
        return False
    if rule.nodes:
        return True
    mentioned = ((name, references.get(name, ())) for name in rule.names)
    attributes = ((name, outline.attributes.get(name, ())) for name in rule.attributes)
    return any(
        _is_of_interest(rule.screen.mentions.get(key), mentions, outline, place)
        for keys in (mentioned, attributes)
        for key, mentions in keys
    )


def _is_of_interest(
    screen: MentionScreen | None, mentions: Iterable[Mention], outline: Outline, place: Place
) -> bool:
    return any(screen is None or screen(mention, outline, place) for mention in mentions)


def _findings(
    drafts: Iterable[tuple[Rule, PlainDraft]], source: SourceText, settings: CheckSettings
) -> Iterator[Finding]:
    """The findings that ``drafts`` make, as ``draft_report`` makes them of nodes."""
    noqa_rows = NoqaRows(source)
    for rule, draft in drafts:
        span = Span(source.location(draft.start), source.location(draft.end))
        rows = draft.first_row, draft.last_row
        diagnostic = Diagnostic(
            rule.code,
            rule.name,
            settings.severity_of(rule),
            draft.message,
            span,
            noqa_rows.row(span.start.row, *rows),
            draft.inside,
        )
        yield Finding(diagnostic, *rows)
