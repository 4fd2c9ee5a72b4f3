"""Show that the look at a file before LibCST parses it changes no report, and what it spares.

    python bench/screens.py FOLDER ... [--policy POLICY]

Asks the screen of every rule about every Python file below the folders, and prints each finding of
LibCST that a screen has ruled out, or the other way round. Then a Markdown table on the rules that
are on by default: how many files have a finding of a rule, in how many its screen leaves it to
LibCST to say, and how many are parsed because of it alone. Exits with 1 if a report would differ.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from torchdet.engine.check import check_bytes
from torchdet.engine.decode import decode_source
from torchdet.engine.discover import SourceFile, discover
from torchdet.engine.project_files import file_settings
from torchdet.engine.screened import screen_answers, screened_report
from torchdet.engine.settings import CheckSettings
from torchdet.findings.base import Rule
from torchdet.findings.registry import all_rules
from torchdet.model.config import CHOICES_OF_POLICY, LintConfig, Policy
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import DecodeError, SourceText
from torchdet.read_file import read_file


@dataclass
class Tally:
    """Files by what happened to them; for each rule by its code, where rules are counted."""

    files: int = 0
    parsed: int = 0
    differing: int = 0
    found: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)

    def add(self, full: FileReport, left: Iterable[Rule]) -> None:
        """Count a file with its report, and the rules that are left to LibCST in it."""
        self.files += 1
        self.found.update({each.code for each in full.findings})
        codes = [rule.code for rule in left if rule.default]
        self.left.update(codes)
        self.parsed += bool(codes)
        self.alone.update(codes if len(codes) == 1 else ())


def tally(files: Iterable[SourceFile]) -> Tally:
    """Check ``files`` both ways, print where the answers differ, and count."""
    counts = Tally()
    for file in files:
        data = read_file(file.path)
        try:
            source = decode_source(file.path, data)
        except DecodeError:
            continue
        settings = replace(file_settings(file), noqa=False)
        live = live_rules(source, settings)
        answers = list(screen_answers(file.path, source, live, settings))
        settled = tuple(rule for rule, drafts in answers if drafts is not None)
        full = check_bytes(file.path, data, replace(settings, screened=False))
        lines = list(differences(file.path, source, settled, full, settings))
        print(*lines, sep="\n", end="\n" if lines else "", flush=True)
        counts.differing += bool(lines)
        counts.add(full, [rule for rule, drafts in answers if drafts is None])
    return counts


def live_rules(source: SourceText, settings: CheckSettings) -> tuple[Rule, ...]:
    """The rules that the words of a file let pass."""
    words = source.text.encode("utf-8", "surrogatepass")
    return tuple(card.load() for card in settings.live_rules(words))


def differences(
    path: str,
    source: SourceText,
    settled: tuple[Rule, ...],
    full: FileReport,
    settings: CheckSettings,
) -> Iterator[str]:
    """A line for each finding of the rules ``settled`` by screens that only one way has."""
    if full.failed:
        yield from (f"{path}: {rule.code} settled a file that has no tree" for rule in settled)
        return
    screened = screened_report(path, source, settled, settings)
    codes = {rule.code for rule in settled}
    found = {each for each in full.findings if each.code in codes}
    by_screens = set(screened.findings) if screened is not None else set()
    for each in sorted(found ^ by_screens, key=lambda each: each.span.start):
        which = "only with screens" if each in by_screens else "only without screens"
        yield f"{path}:{each.span.start.row}: {each.code} {which}: {each.message}"


def table(counts: Tally) -> str:
    """The counts as Markdown, the rule first for which most files are parsed in vain."""
    rows = [
        f"{counts.files} files, {counts.parsed} of them parsed, {counts.differing} differing",
        "",
        "| rule | files with findings | left to LibCST | parsed for it alone |",
        "|---|--:|--:|--:|",
    ]
    worst_first = sorted(counts.left, key=lambda each: counts.found[each] - counts.left[each])
    rows += (
        f"| {code} | {counts.found[code]} | {counts.left[code]} | {counts.alone[code]} |"
        for code in worst_first
    )
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    policies = [policy.value for policy in CHOICES_OF_POLICY]
    parser.add_argument("--policy", choices=policies, help="how modules are to get torch")
    options = parser.parse_args()
    config = LintConfig(
        select=tuple(rule.code for rule in all_rules()),
        policy=Policy(options.policy) if options.policy else Policy.UNDECIDED,
    )
    found = discover(list(map(str, options.folders)), lambda _folder: config, force_exclude=False)
    counts = tally(item for item in found if isinstance(item, SourceFile))
    print(table(counts))
    return 1 if counts.differing else 0


if __name__ == "__main__":
    sys.exit(main())
