"""Trials as a Markdown table with what is behind its figures, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from migrated_copy import HANDLE
from trial import Trial

COLUMNS = (
    "project", "kind", "onto", "files", "changed", "rows added / removed",
    "imports only: files, median added", "edits", "refusals", "compile errors", "findings left",
    "second run", "tests passed", "differing", "new type errors", "newly unformatted",
    "process state", "without torch", "entry points: apply / never", "seconds", "sound",
)  # fmt: skip


def as_json(trials: Sequence[Trial]) -> str:
    """Everything, one object a project."""
    objects = [{**asdict(trial), "sound": trial.sound} for trial in trials]
    return json.dumps(objects, indent=2) + "\n"


def as_markdown(trials: Sequence[Trial]) -> str:
    """The figures of each project, the refusals of all by reason, and all that went wrong."""
    lines = [_row(COLUMNS), "|" + "---|" * len(COLUMNS), *map(_figures, trials)]
    refusals: Counter[str] = Counter()
    for trial in trials:
        refusals.update(trial.refusals)
    if refusals:
        lines += ["", "Refusals by reason:", "", "| refusals | rule and reason |", "|---|---|"]
        lines += [_row([str(count), reason]) for reason, count in refusals.most_common()]
    for trial in trials:
        lines += _details(trial)
    return "\n".join(lines) + "\n"


def _figures(trial: Trial) -> str:
    passed = f"{trial.passed_before} → {trial.passed_after} of {trial.tests}"
    unstable = f" (+ {trial.unstable} unstable)" if trial.unstable else ""
    size = trial.size
    only = f"{len(size.imports_only)}, {size.median:g}" if size.imports_only else "none"
    cells = [
        trial.project,
        trial.kind,
        trial.target,
        trial.files,
        trial.files_changed,
        f"{size.added} / {size.removed}",
        only,
        trial.edits,
        sum(trial.refusals.values()),
        len(trial.compile_errors) + len(trial.failed),
        len(trial.findings),
        len(trial.second_run),
        passed,
        f"{len(trial.differing)}{unstable}",
        len(trial.type_errors) if trial.types_checked else "-",
        len(trial.unformatted) if trial.formatters_run else "-",
        ("changed" if trial.imports else "unchanged") if trial.packages else "-",
        f"{trial.without_torch} of {trial.packages}" if trial.packages else "-",
        f"{trial.applying} / {trial.never_applying}" if trial.target == HANDLE else "-",
        " / ".join(f"{seconds:.0f}" for seconds in trial.seconds.values()),
        "yes" if trial.sound else "NO",
    ]
    return _row(map(str, cells))


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _details(trial: Trial) -> Iterator[str]:
    groups = {
        "files that could not be migrated": trial.failed,
        "files that do not compile": trial.compile_errors,
        "findings left": trial.findings,
        "files that the second run changed": trial.second_run,
        "new type errors": trial.type_errors,
        "files that are no longer formatted": trial.unformatted,
        "what imports do now": trial.imports,
        "tests that differ": [
            f"{each.test}: {each.before} → {each.after}" for each in trial.differing
        ],
    }
    for title, lines in groups.items():
        if lines:
            yield from (
                "",
                f"{trial.project} onto {trial.target}, {title}:",
                "",
                *(f"- `{line}`" for line in lines),
            )
