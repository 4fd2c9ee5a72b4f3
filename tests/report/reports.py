"""Reports to render: made by the engine, by hand, and by hypothesis out of hostile text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.run.unparseable_file.rule import RULE as UNPARSEABLE_FILE
from torchdet.findings.state.default_dtype.rule import RULE as DEFAULT_DTYPE
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport, Severity
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Span
from torchdet.model.source import SourceText


def checked(source: str, path: str = "train.py") -> FileReport:
    """What the engine reports of ``source`` with the rule on the default dtype."""
    return check_bytes(path, source.encode(), CheckSettings((DEFAULT_DTYPE,), LintConfig(), path))


def unparseable(path: str = "broken.py") -> FileReport:
    """The report of a file with a syntax error at its end."""
    source = SourceText("print(")
    rule = UNPARSEABLE_FILE
    place = span(source, 6, 6)
    found = Diagnostic(rule.code, rule.name, rule.severity, "not valid Python: a reason", place, 1)
    return FileReport(path, (replace(found, failure=True),), rows_of(source))


def span(source: SourceText, start: int, end: int) -> Span:
    """The span between two offsets."""
    return Span(source.location(start), source.location(end))


def span_of(text: str, needle: str) -> Span:
    """Where ``needle`` stands in ``text``."""
    start = text.index(needle)
    return span(SourceText(text), start, start + len(needle))


def replacing(
    text: str,
    *pairs: tuple[str, str],
    applicability: Applicability = Applicability.SAFE,
    message: str = "Use the device of the model",
) -> Fix:
    """A fix that puts the second of each pair in place of the first."""
    edits = sorted(
        (TextEdit(span_of(text, old), new) for old, new in pairs), key=lambda edit: edit.span
    )
    return Fix(message, applicability, tuple(edits))


def finding(
    text: str,
    needle: str,
    *,
    fix: Fix | None = None,
    severity: Severity = Severity.ERROR,
    message: str = "`.cuda()` runs on one kind of device only",
    code: str = "DET302",
    confidence: Confidence = Confidence.CERTAIN,
) -> Diagnostic:
    """A finding at ``needle`` in ``text``."""
    place = span_of(text, needle)
    return Diagnostic(
        code, "accelerator-method", severity, message, place, place.start.row, "", fix, confidence
    )


def report_on(text: str, *diagnostics: Diagnostic, path: str = "train.py") -> FileReport:
    """A report with all rows of ``text``."""
    return FileReport(path, diagnostics, rows_of(SourceText(text)))


def rows_of(source: SourceText) -> tuple[tuple[int, str], ...]:
    """Every row of ``source`` by its number."""
    return tuple((row, source.line(row)) for row in range(1, source.row_count + 1))


# All of Unicode, surrogates included, with the characters that break formats more likely.
NASTY = "\n\r\t\x00\x1b\x7f\x85\u2028\u202e\ufeff\ufffe\U000e0001\ud800\udcff%:,\"'<>&]|`[]{}"
CHARACTERS = st.one_of(
    st.sampled_from(NASTY), st.characters(exclude_categories=()), st.sampled_from("ab 中é́")
)
TEXTS = st.text(CHARACTERS, max_size=40)
PATHS = st.one_of(
    st.text(CHARACTERS.filter(lambda c: c != "\0"), min_size=1, max_size=20),
    st.binary(min_size=1, max_size=20).filter(lambda b: b"\0" not in b).map(os.fsdecode),
)
LINES = st.one_of(st.text(CHARACTERS, max_size=30), st.text("x(\t 中", min_size=200, max_size=260))
SOURCES = st.lists(LINES, max_size=20).map("\n".join).map(SourceText)


@st.composite
def spans(draw: st.DrawFn, source: SourceText) -> Span:
    """Any span of ``source``, an empty one too."""
    offsets = st.integers(0, len(source.text))
    start, end = sorted((draw(offsets), draw(offsets)))
    return span(source, start, end)


@st.composite
def fixes(draw: st.DrawFn, source: SourceText) -> Fix:
    """Up to three edits that do not overlap."""
    offsets = sorted(draw(st.lists(st.integers(0, len(source.text)), max_size=6)))
    pairs = zip(offsets[::2], offsets[1::2], strict=False)
    edits = tuple(TextEdit(span(source, *pair), draw(TEXTS)) for pair in pairs)
    return Fix(draw(TEXTS), draw(st.sampled_from(Applicability)), edits)


@st.composite
def diagnostics(draw: st.DrawFn, source: SourceText) -> Diagnostic:
    """A finding somewhere in ``source`` with any message."""
    place = draw(spans(source))
    return Diagnostic(
        draw(st.sampled_from(["DET301", "DET302", DEFAULT_DTYPE.code])),
        "accelerator-method",
        draw(st.sampled_from(Severity)),
        draw(TEXTS),
        place,
        place.start.row,
        draw(TEXTS),
        draw(st.none() | fixes(source)),
    )


@st.composite
def file_reports(draw: st.DrawFn) -> FileReport:
    """A report with some of the rows of its file, as the engine gives them."""
    source = draw(SOURCES)
    path = draw(PATHS)
    if draw(st.integers(0, 4)) == 0:
        rule = UNPARSEABLE_FILE
        place = draw(spans(source))
        found = Diagnostic(rule.code, rule.name, rule.severity, draw(TEXTS), place, 1)
        return FileReport(path, (replace(found, failure=True),), rows_of(source)[:1])
    found_here = draw(st.lists(diagnostics(source), max_size=3))
    rows = rows_of(source)
    wanted = rows[: draw(st.integers(0, len(rows)))] if draw(st.booleans()) else rows
    return FileReport(path, tuple(found_here), wanted)


REPORTS: st.SearchStrategy[Sequence[FileReport]] = st.lists(file_reports(), max_size=3)
