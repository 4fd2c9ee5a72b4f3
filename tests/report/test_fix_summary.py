"""The account of a run that fixes: how much of what, and why not more."""

from __future__ import annotations

from dataclasses import replace

from torchdet.model.diagnostic import Diagnostic, FileReport, Severity
from torchdet.model.file_fixes import FileChange, FileFixes
from torchdet.model.fix import Applicability, Fix
from torchdet.model.location import Location, Span
from torchdet.report.fix_summary import refusals, render

HERE = Span(Location(1, 1, 0), Location(1, 2, 1))
CHANGE = FileChange(b"x", b"y")


def finding(code: str, applicability: Applicability | None = None) -> Diagnostic:
    fix = None if applicability is None else Fix("Mend it", applicability, ())
    return Diagnostic(code, f"rule-{code[-1]}", Severity.WARNING, "bad", HERE, 1, fix=fix)


def left(path: str, *diagnostics: Diagnostic, refusal: str | None = None) -> FileFixes:
    return FileFixes(FileReport(path, diagnostics), refusal=refusal)


SAFE, UNSAFE, DISPLAY = Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY


def test_what_was_fixed_by_rule_most_frequent_first() -> None:
    fixed = (finding("DET301", SAFE), finding("DET302", SAFE), finding("DET302", SAFE))
    results = [FileFixes(FileReport("a.py"), fixed, CHANGE), left("b.py")]
    assert render(results, unsafe=False).splitlines() == [
        "Fixed 3 findings in 1 file:",
        "      2  DET302 [rule-2]",
        "      1  DET301 [rule-1]",
    ]
    assert render(results, unsafe=False, written=False).startswith("Would fix 3 findings in 1 file")


def test_why_the_rest_was_not() -> None:
    unsafe = finding("DET301", UNSAFE)
    results = [
        left("a.py", unsafe, unsafe, finding("DET302"), finding("DET303", DISPLAY)),
        left("b.py", finding("DET304", SAFE), unsafe, refusal="it would not parse"),
    ]
    assert render(results, unsafe=False).splitlines() == [
        "Nothing to fix",
        "Not fixed:",
        "      3  may change behaviour; --unsafe-fixes fixes them: 3 DET301",
        "      1  only have a suggestion; to be fixed by hand: 1 DET303",
        "      1  have no fix; to be fixed by hand: 1 DET302",
        "      1  in files whose fixes were refused: 1 DET304",
    ]
    assert "2  in files whose fixes were refused" in render(results[1:], unsafe=True)
    assert refusals(results) == "b.py: left as it was, because it would not parse\n"


def test_files_that_failed_are_no_findings_to_fix() -> None:
    failed = FileFixes(FileReport("a.py", (replace(finding("DET901"), failure=True),)))
    assert render([failed], unsafe=True) == "Nothing to fix\n"


def test_nothing_in_it_steers_a_terminal() -> None:
    assert "\x1b" not in refusals([left("\x1b[31m.py", refusal="\x1b]0;")])
