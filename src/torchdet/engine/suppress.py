"""Suppression comments: ``# noqa``, ``# torchdet: ignore[...]``, ``# torchdet: ignore-file``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torchdet.facts.tokens import comments
from torchdet.findings.card import RuleCard
from torchdet.findings.run.unparseable_file.rule import RULE as UNPARSEABLE_FILE
from torchdet.findings.run.unused_suppression.rule import RULE as UNUSED_SUPPRESSION
from torchdet.model.diagnostic import Diagnostic
from torchdet.model.location import Span
from torchdet.model.source import SourceText

_MARKER = re.compile(r"#[^\n]*?(?:noqa|torchdet:\s*ignore)", re.IGNORECASE)
# The grammar that flake8 reads: codes with or without commas and white space between them;
# what does not begin with a code, such as a reason, leaves the comment without codes.
NOQA = re.compile(
    r"#\s*noqa(?!\w)(?::\s?(?P<codes>(?:[A-Z]+[0-9]+[,\s]*)+))?",
    re.IGNORECASE,
)
_IGNORE = re.compile(
    r"#\s*torchdet:\s*ignore(?P<file>-file)?(?:\[(?P<codes>[^\]]*)\])?(?![-\w\[])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic with the first and last row of its statement (or of its header)."""

    diagnostic: Diagnostic
    first_row: int
    last_row: int

    def rows(self) -> Iterator[int]:
        """The rows on which a comment is about this finding.

        Its own rows and both ends of its statement; a comment on another row of a long call is
        about what stands there.
        """
        span = self.diagnostic.span
        yield from range(span.start.row, span.end.row + 1)
        yield from (self.first_row, self.last_row, self.diagnostic.noqa_row)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment: its place, and the selectors that it names (None: every rule)."""

    span: Span
    selectors: tuple[str, ...] | None
    whole_file: bool = False

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether it names the diagnostic's rule: by code, the beginning of one, or name."""
        if diagnostic.code == UNPARSEABLE_FILE.code:
            return False
        return self.selectors is None or any(
            _names(selector, diagnostic.code, diagnostic.name) for selector in self.selectors
        )


def _names(selector: str, code: str, name: str) -> bool:
    return code.startswith(selector.upper()) or selector.lower() == name


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The suppression comments of one file."""

    entries: tuple[Suppression, ...]

    @classmethod
    def read(cls, source: SourceText, *, noqa: bool = True) -> Suppressions:
        """The suppressions among the comments of ``source``; ``noqa`` is whether that is one."""
        return cls.among(comments(source.text), source, noqa=noqa)

    @classmethod
    def among(
        cls, spans: Iterable[tuple[int, int]], source: SourceText, *, noqa: bool = True
    ) -> Suppressions:
        """The suppressions among the comments at ``spans`` of ``source``."""
        entries: list[Suppression] = []
        if _MARKER.search(source.text) is not None:
            for start, end in spans:
                span = Span(source.location(start), source.location(end))
                entries.extend(_parse(source.text[start:end], span, noqa=noqa))
        return cls(tuple(entries))

    def apply(self, findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
        """Part ``findings`` into those that stand and those that are suppressed."""
        kept: list[Finding] = []
        suppressed: list[Finding] = []
        by_row = self._by_row()
        whole = [entry for entry in self.entries if entry.whole_file]
        for finding in findings:
            entries = [entry for row in finding.rows() for entry in by_row.get(row, ())]
            covered = any(entry.covers(finding.diagnostic) for entry in (*whole, *entries))
            (suppressed if covered else kept).append(finding)
        return kept, suppressed

    def _by_row(self) -> dict[int, list[Suppression]]:
        rows: dict[int, list[Suppression]] = {}
        for entry in self.entries:
            if not entry.whole_file:
                rows.setdefault(entry.span.start.row, []).append(entry)
        return rows

    def unused(
        self, suppressed: Sequence[Finding], rules: Sequence[RuleCard]
    ) -> Iterator[Diagnostic]:
        """A diagnostic for each comment that names a rule of the run and silences nothing."""
        if UNUSED_SUPPRESSION.code not in {rule.code for rule in rules}:
            return
        by_row: dict[int, list[Finding]] = {}
        for finding in suppressed:
            for row in set(finding.rows()):
                by_row.setdefault(row, []).append(finding)
        for entry in self.entries:
            near = suppressed if entry.whole_file else by_row.get(entry.span.start.row, ())
            idle = [each for each in entry.selectors or () if self._is_idle(each, near, rules)]
            if idle:
                yield Diagnostic(
                    UNUSED_SUPPRESSION.code,
                    UNUSED_SUPPRESSION.name,
                    UNUSED_SUPPRESSION.severity,
                    f"this comment suppresses nothing: no finding of {', '.join(idle)} here",
                    entry.span,
                    entry.span.start.row,
                )

    @staticmethod
    def _is_idle(selector: str, suppressed: Sequence[Finding], rules: Sequence[RuleCard]) -> bool:
        if not any(_names(selector, rule.code, rule.name) for rule in rules):
            return False
        return not any(
            _names(selector, finding.diagnostic.code, finding.diagnostic.name)
            for finding in suppressed
        )


def _parse(comment: str, span: Span, *, noqa: bool) -> Iterator[Suppression]:
    for match in _IGNORE.finditer(comment):
        yield Suppression(span, _selectors(match["codes"]), match["file"] is not None)
    if noqa:
        for match in NOQA.finditer(comment):
            yield Suppression(span, _selectors(match["codes"]))


def _selectors(codes: str | None) -> tuple[str, ...] | None:
    if codes is None:
        return None
    return tuple(code for code in re.split(r"[,\s]+", codes.strip()) if code)
