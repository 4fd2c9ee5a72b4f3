"""Count the verdicts of `verdicts.md`, and compare them with what is found today.

    python bench/accuracy.py [FINDINGS.json] [--code DET4 --code DET5]

Prints a Markdown table for each reading: for each rule how many findings were read and how many
were wrong, or worthless, when they were read. With a JSON report over the corpus (see
`sample_findings.py`) also how many wrong ones are still there and how many right ones are gone;
then it exits with 1 if there are any.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from corpus import BENCH, CorpusError
from sample_findings import read_findings

HEADER = ["code", "confidence", "package", "place", "verdict", "why"]
JUDGEMENTS = frozenset({"right", "worthless", "wrong"})
Key = tuple[str, str, str, str]
"""A finding's code, confidence, package and place."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the tables: a finding that somebody read, in the ``reading`` of that heading."""

    reading: str
    code: str
    confidence: str
    package: str
    place: str
    judgement: str

    @property
    def right(self) -> bool:
        """Whether the finding is true, be it worthless."""
        return self.judgement != "wrong"

    @property
    def key(self) -> Key:
        return self.code, self.confidence, self.package, self.place


def read_verdicts(text: str) -> list[Verdict]:
    """The rows of the tables. Raises ``CorpusError`` naming the line that isn't one."""
    verdicts: dict[tuple[str, Key], Verdict] = {}
    reading = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("## "):
            reading = line.removeprefix("## ")
        if not line.startswith("|") or line.startswith("|---"):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|", len(HEADER) - 1)]
        if cells == HEADER:
            continue
        if len(cells) != len(HEADER) or cells[4] not in JUDGEMENTS:
            raise CorpusError(
                f"verdicts.md:{number}: expected `| {' | '.join(HEADER)} |` with the verdict "
                f"`right`, `worthless` or `wrong`, found {line!r}"
            )
        verdict = Verdict(reading, *cells[:5])
        if (reading, verdict.key) in verdicts:
            raise CorpusError(f"verdicts.md:{number}: {' '.join(verdict.key)} stands there twice")
        verdicts[reading, verdict.key] = verdict
    return list(verdicts.values())


def tables(verdicts: Iterable[Verdict], found: set[Key] | None) -> str:
    """A table for each reading, in their order, under its heading."""
    readings: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        readings.setdefault(verdict.reading, []).append(verdict)
    return "\n\n".join(
        f"## {reading}\n\n{table(rows, found)}" for reading, rows in readings.items()
    )


def table(verdicts: Iterable[Verdict], found: set[Key] | None) -> str:
    """The counts for each rule and confidence, and for all, as Markdown."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in sorted(verdicts, key=lambda verdict: verdict.key):
        for group in ((verdict.code, verdict.confidence), ("all", verdict.confidence)):
            groups.setdefault(group, []).append(verdict)
    columns = ["rule", "confidence", "read", "wrong when read", "share", "worthless when read"]
    if found is not None:
        columns += ["wrong today", "right, gone today"]
    rows = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for code, confidence in sorted(groups):
        cells = [code, confidence, *_counts(groups[code, confidence], found)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _counts(verdicts: list[Verdict], found: set[Key] | None) -> list[str]:
    wrong = sum(not verdict.right for verdict in verdicts)
    worthless = sum(verdict.judgement == "worthless" for verdict in verdicts)
    counts = [
        str(len(verdicts)),
        str(wrong),
        f"{wrong / len(verdicts):.1%}",
        f"{worthless} ({worthless / len(verdicts):.1%})",
    ]
    if found is not None:
        counts += [str(len(still_wrong(verdicts, found))), str(len(lost(verdicts, found)))]
    return counts


def still_wrong(verdicts: Iterable[Verdict], found: set[Key]) -> list[Verdict]:
    """Wrong findings that are reported today, no less surely than then."""
    return [verdict for verdict in verdicts if not verdict.right and verdict.key in found]


def lost(verdicts: Iterable[Verdict], found: set[Key]) -> list[Verdict]:
    """Right findings that are no longer reported, neither surely nor as likely."""
    places = {(code, package, place) for code, _, package, place in found}
    return [
        verdict
        for verdict in verdicts
        if verdict.right and (verdict.code, verdict.package, verdict.place) not in places
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("findings", nargs="?", type=Path)
    parser.add_argument("--code", action="append", help="only codes that begin so; repeatable")
    options = parser.parse_args()
    try:
        verdicts = read_verdicts((BENCH / "verdicts.md").read_text(encoding="utf-8"))
        wanted = tuple(options.code or ("DET",))
        verdicts = [verdict for verdict in verdicts if verdict.code.startswith(wanted)]
        found = None
        if options.findings is not None:
            findings = read_findings(options.findings)
            found = {
                (finding.code, finding.confidence, finding.package, finding.place)
                for finding in findings
            }
    except CorpusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(tables(verdicts, found))
    if found is None:
        return 0
    for label, rows in (("wrong", still_wrong(verdicts, found)), ("gone", lost(verdicts, found))):
        for verdict in rows:
            print(f"{label}: {' '.join(verdict.key)}", file=sys.stderr)
    return 1 if still_wrong(verdicts, found) or lost(verdicts, found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
