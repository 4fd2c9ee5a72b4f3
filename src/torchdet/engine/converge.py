"""One file: its fixes applied until nothing is left to fix, or not at all. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torchdet.engine.check import check_bytes, check_source
from torchdet.engine.decode import decode_source
from torchdet.engine.faults import internal_error, rule_failure
from torchdet.engine.rounds import Progress, Round, UncheckableError, advance, replay
from torchdet.engine.settings import CheckSettings
from torchdet.findings.run.unparseable_file.rule import RULE as UNPARSEABLE_FILE
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.file_fixes import FileChange, FileFixes
from torchdet.model.fix import Applicability, Fix
from torchdet.model.location import Location, Span
from torchdet.model.source import SourceText


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
    source = decode_source(path, data)
    work = _Fixing(path, settings, _WANTED[unsafe])
    try:
        progress = advance(source, Progress(report), work, leave_out_faulty=False)
    except Exception as error:  # noqa: BLE001 -- a fault of ours must not hide the other files
        place = Location(1, 1, 0)
        message = internal_error(error)
        fault = rule_failure(UNPARSEABLE_FILE, message, Span(place, place))
        failed = replace(report, diagnostics=(*report.diagnostics, fault))
        return FileFixes(failed, refusal=message)
    if progress.has_ended:
        return FileFixes(report, refusal=_refusal(progress))
    after = source.encode(replay(source, progress.rounds).text)
    change = FileChange(data, after) if after != data else None
    return FileFixes(progress.found, _fixed(progress.rounds), change)


_WANTED = {
    False: frozenset({Applicability.SAFE}),
    True: frozenset({Applicability.SAFE, Applicability.UNSAFE}),
}


def is_fixable(report: FileReport, *, unsafe: bool) -> bool:
    """Whether the file that ``report`` is about has a fix that is to be applied."""
    return bool(_mended(report, _WANTED[unsafe]))


@dataclass(frozen=True, slots=True)
class _Mended:
    """A finding, and the fix that mends it."""

    diagnostic: Diagnostic
    fix: Fix


def _mended(report: FileReport, wanted: frozenset[Applicability]) -> list[_Mended]:
    return [
        _Mended(each, each.fix)
        for each in report.diagnostics
        if each.fix is not None and each.fix.applicability in wanted
    ]


@dataclass(frozen=True, slots=True)
class _Fixing:
    """The work of `engine.rounds` on the file at ``path``."""

    path: str
    settings: CheckSettings
    wanted: frozenset[Applicability]

    def look(self, source: SourceText) -> FileReport:
        report = check_source(self.path, source, self.settings)
        for each in report.failures:
            if each.code == UNPARSEABLE_FILE.code:
                raise UncheckableError(each.message)
        return report

    def choose(self, found: FileReport) -> list[_Mended]:
        return _mended(found, self.wanted)

    def shared(self, found: FileReport, changes: Sequence[_Mended]) -> tuple[Fix, ...]:
        """Nothing: no rule has a fix that needs what other fixes need, too."""
        del found, changes
        return ()


def _fixed(rounds: tuple[Round[_Mended], ...]) -> tuple[Diagnostic, ...]:
    return tuple(change.diagnostic for done in rounds for change in done.changes)


def _refusal(progress: Progress[FileReport, _Mended]) -> str:
    """Why the fixes of the file are not to be trusted."""
    if progress.faulty:
        return progress.faulty[0][1]
    assert progress.stop is not None
    codes = ", ".join(sorted({each.code for each in _fixed(progress.rounds)}))
    return f"the fixes of {codes} {progress.stop.value}"
