"""Compare the linter's speed and memory with its peers', on the same files, in one run.

    python bench/fetch_corpus.py
    python bench/lint_speed.py [--package NAME ...] [--jobs N] [--rounds N] [--json FILE]

Prints Markdown. Every command gets the same copies of the files and the same cores; rounds are
interleaved, so that a slow minute of the machine hits all alike, and medians are printed. It
needs what `pip install -e ".[test,check]"` installs; TorchFix is installed into an
environment of its own beside the corpus.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import contenders
from contenders import Contender, Setting
from corpus import (
    DEFAULT_FOLDER,
    CorpusError,
    Package,
    Tree,
    chosen,
    packages,
    sources,
    stage,
    staged_tree,
)
from measure import Command, MeasureError, Usage, hold_to_cores, machine, measure, typical


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    corpus: Path
    packages: tuple[str, ...]
    jobs: int
    rounds: int
    torchfix_rounds: int
    json: Path | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures of one table: the typical cost of each contender over one tree."""

    title: str
    tree: Tree
    usages: Mapping[str, Usage]
    findings: Mapping[str, int]


def compare(title: str, tree: Tree, field: Sequence[Contender], scratch: Path) -> Comparison:
    """Run the contenders in turns, round by round."""
    runs: dict[str, list[Usage]] = {contender.name: [] for contender in field}
    findings: dict[str, int] = {}
    output = scratch / "output"
    for turn in range(max(contender.rounds for contender in field)):
        for contender in field:
            if turn < contender.rounds:
                if contender.changes is not None:
                    with contender.changes.open("a", encoding="utf-8") as file:
                        file.write("#\n")
                usage = measure(contender.command, output)
                runs[contender.name].append(usage)
                findings[contender.name] = count_findings(output)
                line = f"{title}, round {turn + 1}: {contender.name}: {usage.wall:.2f} s"
                print(line, file=sys.stderr, flush=True)
    return Comparison(
        title, tree, {name: typical(usages) for name, usages in runs.items()}, findings
    )


def count_findings(output: Path) -> int:
    """The lines `path:row:column: ...` that a linter printed: the proof that it did its work."""
    lines = output.read_bytes().splitlines()
    return sum(re.match(rb"[^:]+\.py:\d+:\d+:", line) is not None for line in lines)


def unmigrated(options: Options, scratch: Path) -> Comparison:
    """Code that uses torch: the linter, its peers and the parsers below them."""
    root = scratch / "unmigrated"
    for package in chosen(options.packages, [p for p in packages() if p.uses_torch]):
        origin = package.source(options.corpus)
        stage(sources(package, options.corpus), origin, root / package.name)
    setting = Setting(root, options.jobs, options.rounds)
    field = [
        contenders.torchdet_cold(setting),
        contenders.flake8_plugin(setting),
        contenders.ruff_cold(setting),
        contenders.bare_parse("cst", setting),
        contenders.bare_parse("cst", setting, containing="torch"),
        contenders.bare_parse("ast", setting),
    ]
    if options.torchfix_rounds:
        environment = contenders.torchfix_environment(options.corpus)
        field.append(contenders.torchfix(setting, environment, options.torchfix_rounds))
    return compare("Unmigrated code", staged_tree(root), field, scratch)


def without_triggers(options: Options, scratch: Path) -> Comparison:
    """Code in which no rule can fire: how long does it take to see that?"""
    root = scratch / "without-triggers"
    package = next(package for package in packages() if not package.uses_torch)
    left_out = _stage_untriggered(package, options.corpus, root)
    setting = Setting(root, options.jobs, options.rounds)
    field = [
        contenders.torchdet_cold(setting),
        contenders.ruff_cold(setting),
        contenders.bare_parse("ast", setting),
    ]
    title = f"No trigger fires ({package.name} {package.version}, {left_out} files left out)"
    return compare(title, staged_tree(root), field, scratch)


def _stage_untriggered(package: Package, corpus: Path, root: Path) -> int:
    """Stage the files that hold no trigger of any rule; how many others there were."""
    from torchdet.findings.registry import all_rules, triggered

    files = sources(package, corpus)
    silent = [file for file in files if not triggered(all_rules(), file.read_bytes())]
    stage(silent, package.source(corpus), root)
    return len(files) - len(silent)


def unchanged(options: Options, scratch: Path, tree: Tree) -> Comparison:
    """A second run over files that a first one has seen."""
    setting = Setting(tree.root, options.jobs, options.rounds)
    field = [
        contenders.torchdet_warm(setting, scratch / "torchdet-cache"),
        contenders.ruff_warm(setting, scratch / "ruff-cache"),
    ]
    for contender in field:
        measure(contender.command, scratch / "output")
    return compare("Unchanged since the last run", tree, field, scratch)


def start_up(options: Options, scratch: Path) -> Comparison:
    """What a person waits for who has little to check."""
    root = scratch / "start-up"
    root.mkdir()
    texts = {
        "clean.py": "x = 1\n",
        "changed.py": "import torch\nx = torch.zeros(2).cuda()\n",
        "unchanged.py": "import torch\nx = torch.zeros(2).cuda()\n",
    }
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    setting = Setting(root, options.jobs, options.rounds)
    cache = scratch / "start-up-cache"
    on = contenders.torchdet_on
    field = [
        on("torchdet lint, one clean file", root / "clean.py", setting, cache, changes=True),
        on("torchdet lint, one changed file", root / "changed.py", setting, cache, changes=True),
        on(
            "torchdet lint, one unchanged file",
            root / "unchanged.py",
            setting,
            cache,
            changes=False,
        ),
        contenders.torchdet_version(setting),
        contenders.bare_python(setting),
    ]
    for contender in field:
        measure(contender.command, scratch / "output")
    return compare("Start-up", staged_tree(root), field, scratch)


def smallest_peak(scratch: Path) -> int:
    """What `true` appears to need: a child inherits its parent's peak, so none reads lower."""
    program = shutil.which("true")
    if program is None:
        return 0
    return measure(Command((program,), scratch), scratch / "output").peak


def table(comparison: Comparison) -> str:
    """The figures of one comparison as Markdown."""
    tree = comparison.tree
    rows = [
        f"### {comparison.title}: {len(tree.files):,} files, {tree.lines:,} lines",
        "",
        "| | seconds | CPU seconds | peak MB | files/s | lines/s | findings |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, usage in comparison.usages.items():
        files, lines = len(tree.files) / usage.wall, tree.lines / usage.wall
        rows.append(
            f"| {name} | {usage.wall:.3f} | {usage.cpu:.3f} | {usage.peak / 1e6:.0f} "
            f"| {files:,.0f} | {lines:,.0f} | {comparison.findings[name] or ''} |"
        )
    return "\n".join(rows)


def ratios(comparison: Comparison) -> str:
    """What each contender costs for one unit of the first one's cost, as Markdown."""
    names = list(comparison.usages)
    first = comparison.usages[names[0]]
    rows = [f"| {names[0]} against | seconds | CPU seconds |", "|---|--:|--:|"]
    for name in names[1:]:
        other = comparison.usages[name]
        rows.append(
            f"| {name} | {_factor(first.wall, other.wall)} | {_factor(first.cpu, other.cpu)} |"
        )
    return "\n".join(rows)


def _factor(own: float, other: float) -> str:
    return f"{other / own:.1f}x faster" if own < other else f"{own / other:.2f}x slower"


def report(comparisons: Sequence[Comparison], options: Options, floor: int) -> str:
    """The whole page as Markdown."""
    notes = [
        f"{machine(contenders.tool_versions())}; {options.jobs} core(s) and as many processes for "
        f"each command; medians of {options.rounds} rounds (TorchFix: {options.torchfix_rounds}).",
        "CPU seconds are user and system time of all processes; peak is the resident memory of "
        f"the largest one (readings below {floor / 1e6:.0f} MB can't be told apart).",
    ]
    tables = [
        part for comparison in comparisons for part in (table(comparison), ratios(comparison))
    ]
    return "\n\n".join([*notes, *tables])


def to_json(comparisons: Sequence[Comparison]) -> str:
    """The figures as JSON: seconds and bytes."""
    return json.dumps(
        [
            {
                "title": comparison.title,
                "files": len(comparison.tree.files),
                "lines": comparison.tree.lines,
                "usages": {name: asdict(usage) for name, usage in comparison.usages.items()},
                "findings": dict(comparison.findings),
            }
            for comparison in comparisons
        ],
        indent=2,
    )


def run(options: Options) -> None:
    """Measure everything and print it."""
    hold_to_cores(options.jobs)
    with tempfile.TemporaryDirectory(prefix="torchdet-bench-") as folder:
        scratch = Path(folder)
        floor = smallest_peak(scratch)
        cold = unmigrated(options, scratch)
        comparisons = [
            cold,
            without_triggers(options, scratch),
            unchanged(options, scratch, cold.tree),
            start_up(options, scratch),
        ]
    print(report(comparisons, options, floor))
    if options.json is not None:
        options.json.write_text(to_json(comparisons) + "\n", encoding="utf-8")


def _options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--corpus", type=Path, default=DEFAULT_FOLDER, help="where fetch_corpus.py put it")
    add("--package", action="append", default=[], help="only this one; repeatable")
    add("--jobs", type=int, default=1, help="processes and cores for every command (default: 1)")
    add("--rounds", type=int, default=5, help="how often each command runs (default: 5)")
    add("--torchfix-rounds", type=int, default=1, help="TorchFix is slow; 0 leaves it out")
    add("--json", type=Path, help="write the figures to this file too")
    given = parser.parse_args()
    return Options(
        given.corpus.resolve(),
        tuple(given.package),
        given.jobs,
        given.rounds,
        given.torchfix_rounds,
        given.json,
    )


def main() -> int:
    try:
        run(_options())
    except (CorpusError, MeasureError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
