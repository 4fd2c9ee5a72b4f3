"""One file: its fixes applied until nothing is left to fix, or not at all. Writes nothing."""

from __future__ import annotations

from dataclasses import replace

from torchdet.edit.apply import Applied, apply_fixes
from torchdet.edit.verify import fault_of_edits
from torchdet.engine.check import check_bytes, check_source
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.faults import internal_error, rule_failure
from torchdet.engine.settings import CheckSettings
from torchdet.findings.run.unparseable_file.rule import RULE as UNPARSEABLE_FILE
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.file_fixes import FileChange, FileFixes
from torchdet.model.fix import Applicability, Fix
from torchdet.model.location import Location, Span
from torchdet.model.source import EncodeError, SourceText

MAX_ROUNDS = 20
"""Fixes that overlap wait for the next round, so that this bounds how deep they may nest."""


class _RefusedError(Exception):
    """The fixes of this file are not to be trusted, for the reason that is told."""


def fix_bytes(
    path: str,
    data: bytes,
    settings: CheckSettings,
    *,
    unsafe: bool = False,
    report: FileReport | None = None,
) -> FileFixes:
    """The fixes of the file at ``path`` with the content ``data``.

    Safe fixes are applied, the unsafe ones as well with ``unsafe``, suggestions never; findings
    that a comment suppresses have none. ``report`` saves the first check where it is known. After
    each round the text is checked again, which finds what the fixes left to do or laid bare.

    All is refused and the original stays when a text on the way does not parse, when its syntax
    tree differs where no edit was made, when its encoding cannot express it, and when no round
    is the last. No input makes this raise.
    """
    if report is None:
        report = check_bytes(path, data, settings)
    if not is_fixable(report, unsafe=unsafe):
        return FileFixes(report)
    first, wanted = report, _WANTED[unsafe]
    source = SourceText.decode(data)
    try:
        text, fixed, last = run_with_deep_stack(lambda: _converge(source, first, settings, wanted))
        after = source.encode(text)
    except _RefusedError as error:
        return FileFixes(first, refusal=str(error))
    except EncodeError as error:
        return FileFixes(first, refusal=f"its fixes cannot be written: {error}")
    except Exception as error:  # noqa: BLE001 -- a fault of ours must not hide the other files
        place = Location(1, 1, 0)
        message = internal_error(error)
        fault = rule_failure(UNPARSEABLE_FILE, message, Span(place, place))
        return FileFixes(replace(first, diagnostics=(*first.diagnostics, fault)), refusal=message)
    return FileFixes(last, fixed, FileChange(data, after) if after != data else None)


_WANTED = {
    False: frozenset({Applicability.SAFE}),
    True: frozenset({Applicability.SAFE, Applicability.UNSAFE}),
}


def is_fixable(report: FileReport, *, unsafe: bool) -> bool:
    """Whether the file that ``report`` is about has a fix that is to be applied."""
    return bool(_fixes(report, _WANTED[unsafe]))


def _converge(
    source: SourceText,
    report: FileReport,
    settings: CheckSettings,
    wanted: frozenset[Applicability],
) -> tuple[str, tuple[Diagnostic, ...], FileReport]:
    """The text after all rounds, the findings that were mended, and the report on that text.

    Raises ``_RefusedError``.
    """
    text = source.text
    seen = {text}
    fixed: list[Diagnostic] = []
    for _ in range(MAX_ROUNDS):
        fixes = _fixes(report, wanted)
        if not fixes:
            return text, tuple(fixed), report
        applied = apply_fixes(text, fixes)
        fixed += _mended(report, applied)
        _verify(text, applied)
        text = applied.text
        if text in seen:
            raise _RefusedError(f"the fixes of {_codes(fixed)} undo each other")
        seen.add(text)
        report = check_source(report.path, source.with_text(text), settings)
        unchecked = [each for each in report.failures if each.code == UNPARSEABLE_FILE.code]
        if unchecked:
            reason = unchecked[0].message
            raise _RefusedError(f"the fixed text cannot be checked: {reason}")
    raise _RefusedError(f"the fixes of {_codes(fixed)} do not settle in {MAX_ROUNDS} rounds")


def _fixes(report: FileReport, wanted: frozenset[Applicability]) -> list[Fix]:
    return [
        diagnostic.fix
        for diagnostic in report.diagnostics
        if diagnostic.fix is not None and diagnostic.fix.applicability in wanted
    ]


def _mended(report: FileReport, applied: Applied) -> list[Diagnostic]:
    done = {id(fix) for fix in applied.applied}
    return [diagnostic for diagnostic in report.diagnostics if id(diagnostic.fix) in done]


def _verify(text: str, applied: Applied) -> None:
    edits = [edit for fix in applied.applied for edit in fix.edits]
    try:
        fault = fault_of_edits(text, applied.text, edits)
    except RecursionError:
        raise _RefusedError("it is nested too deeply to compare it after fixing") from None
    if fault is not None:
        raise _RefusedError(fault)


def _codes(diagnostics: list[Diagnostic]) -> str:
    return ", ".join(sorted({diagnostic.code for diagnostic in diagnostics}))
