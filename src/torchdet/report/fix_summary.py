"""What was fixed, what was not, and why: the end of a run that fixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from torchdet.model.diagnostic import Diagnostic
from torchdet.model.file_fixes import FileFixes
from torchdet.model.fix import Applicability
from torchdet.report.characters import printable
from torchdet.report.wording import count


def render(results: Sequence[FileFixes], *, unsafe: bool, written: bool = True) -> str:
    """A line for each rule whose findings were fixed and for each reason why others were not.

    ``unsafe`` is whether unsafe fixes were wanted, ``written`` is false when the fixes were only
    shown. Fixes that overlapped others need no line of their own: they were made in a later
    round, or the others left nothing to fix.
    """
    fixed = [diagnostic for result in results for diagnostic in result.fixed]
    files = sum(1 for result in results if result.change is not None)
    lines = [_headline(len(fixed), files, written=written)]
    names = {diagnostic.code: diagnostic.name for diagnostic in fixed}
    lines += [f"  {number:>5}  {code} [{names[code]}]" for code, number in _by_count(fixed)]
    lines += _not_fixed(results, unsafe=unsafe)
    return "".join(f"{line}\n" for line in lines)


def refusals(results: Iterable[FileFixes]) -> str:
    """A line for each file whose fixes were refused, with the reason."""
    return "".join(
        f"{printable(result.path)}: left as it was, because {printable(result.refusal)}\n"
        for result in results
        if result.refusal is not None
    )


def _headline(fixed: int, files: int, *, written: bool) -> str:
    if not fixed:
        return "Nothing to fix"
    what = f"{count(fixed, 'finding')} in {count(files, 'file')}"
    return f"Fixed {what}:" if written else f"Would fix {what}:"


def _not_fixed(results: Iterable[FileFixes], *, unsafe: bool) -> list[str]:
    """The reasons for which findings remain, each with how many of each rule do."""
    reasons: dict[str, list[Diagnostic]] = {reason: [] for reason in _REASONS}
    for result in results:
        for diagnostic in result.report.findings:
            reasons[_reason(diagnostic, unsafe=unsafe)].append(diagnostic)
    lines = [
        f"  {len(found):>5}  {reason}: {_codes(found)}"
        for reason, found in reasons.items()
        if found
    ]
    return ["Not fixed:", *lines] if lines else []


_UNSAFE = "may change behaviour; --unsafe-fixes fixes them"
_SUGGESTION = "only have a suggestion; to be fixed by hand"
_NONE = "have no fix; to be fixed by hand"
_REFUSED = "in files whose fixes were refused"
_REASONS = (_UNSAFE, _SUGGESTION, _NONE, _REFUSED)


def _reason(diagnostic: Diagnostic, *, unsafe: bool) -> str:
    if diagnostic.fix is None:
        return _NONE
    if diagnostic.fix.applicability is Applicability.DISPLAY:
        return _SUGGESTION
    # A wanted fix is left over only where all of a file's were refused.
    if diagnostic.fix.applicability is Applicability.UNSAFE and not unsafe:
        return _UNSAFE
    return _REFUSED


def _codes(diagnostics: Iterable[Diagnostic]) -> str:
    return ", ".join(f"{number} {code}" for code, number in _by_count(diagnostics))


def _by_count(diagnostics: Iterable[Diagnostic]) -> list[tuple[str, int]]:
    counts = Counter(diagnostic.code for diagnostic in diagnostics)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
