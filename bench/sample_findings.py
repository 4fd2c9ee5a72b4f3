"""Draw a sample of findings and print each with its source, for a person to judge.

    python bench/fetch_corpus.py --scripts
    torchdet lint --config bench/corpus_lint.toml --output-format json --exit-zero \\
        --output-file findings.json .corpus/src
    python bench/sample_findings.py findings.json --code DET3 --each 3 --seed 1

From each rule and confidence in each package at most `--each` findings are drawn. The same seed
draws the same ones, and what is drawn from one rule and package doesn't depend on the others. Every
finding ends with a row for `verdicts.md`, where `accuracy.py` counts the verdicts. The operations
and randomness (DET4, DET5) are read with `operations_lint.toml`, in scripts as well.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import CorpusError, packages, repositories

CONTEXT = 3  # lines before and after the finding


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A finding of the corpus; ``place`` is `path:row:column`, the path inside the package."""

    code: str
    package: str
    path: str
    row: int
    column: int
    message: str
    confidence: str
    fix: str
    filename: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.row}:{self.column}"


def read_findings(report: Path) -> list[Finding]:
    """The findings of a JSON report over the corpus, sorted. Raises ``CorpusError``."""
    entries = json.loads(report.read_text(encoding="utf-8"))
    return sorted(_finding(entry) for entry in entries)


def _finding(entry: Mapping[str, object]) -> Finding:
    filename, location, fix = str(entry["filename"]), entry["location"], entry["fix"]
    assert isinstance(location, dict)
    package, path = _inside(filename)
    return Finding(
        code=str(entry["code"]),
        package=package,
        path=path,
        row=location["row"],
        column=location["column"],
        message=str(entry["message"]),
        confidence=str(entry.get("confidence", "certain")),
        fix=_fix_in_words(fix) if isinstance(fix, dict) else "",
        filename=filename,
    )


def _inside(filename: str) -> tuple[str, str]:
    """The package or repository that a file belongs to, and the file's path inside it."""
    sources = (*packages(), *repositories())
    folders = {source.source(Path()).name: source.name for source in sources}
    parts = Path(filename).parts
    for index, part in enumerate(parts):
        if part in folders:
            return folders[part], "/".join(parts[index + 1 :])
    raise CorpusError(
        f"{filename} is in nothing that corpus.toml names; lint the folder of fetch_corpus.py"
    )


def _fix_in_words(fix: Mapping[str, object]) -> str:
    edits = fix["edits"]
    assert isinstance(edits, list)
    return f"{fix['applicability']} fix: " + "; ".join(repr(edit["content"]) for edit in edits)


def sample(findings: Iterable[Finding], each: int, seed: int) -> list[Finding]:
    """At most ``each`` findings of every rule and confidence in every package, sorted."""
    cells: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in sorted(findings):
        cells[finding.code, finding.package, finding.confidence].append(finding)
    drawn = []
    for (code, package, confidence), cell in cells.items():
        likely = "" if confidence == "certain" else f":{confidence}"
        chance = random.Random(f"{seed}:{code}:{package}{likely}")
        drawn += chance.sample(cell, min(each, len(cell)))
    return sorted(drawn)


def with_source(finding: Finding) -> str:
    """The finding with the lines around it and a row for the table of verdicts."""
    lines = Path(finding.filename).read_text(encoding="utf-8").splitlines()
    first = max(1, finding.row - CONTEXT)
    shown = [
        f"{'>' if row == finding.row else ' '} {row:5} | {lines[row - 1]}"
        for row in range(first, min(len(lines), finding.row + CONTEXT) + 1)
    ]
    head = f"{finding.code} {finding.package} {finding.place}\n{finding.message}"
    row = f"| {finding.code} | {finding.confidence} | {finding.package} | {finding.place} |  |  |"
    return "\n".join([head, *([finding.fix] if finding.fix else []), *shown, row])


def report(drawn: Sequence[Finding], total: int) -> str:
    """The whole sample, ready to be read."""
    return "\n\n".join([*map(with_source, drawn), f"{len(drawn)} of {total} findings"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("findings", type=Path, help="JSON report of torchdet over the corpus")
    add("--code", default="DET", help="only codes that begin so")
    add("--package", action="append", default=[], help="only this package; repeatable")
    add("--each", type=int, default=2, help="findings for each rule and package (default: 2)")
    add("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        findings = [
            finding
            for finding in read_findings(options.findings)
            if finding.code.startswith(options.code)
            and (not options.package or finding.package in options.package)
        ]
    except CorpusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(report(sample(findings, options.each, options.seed), len(findings)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
