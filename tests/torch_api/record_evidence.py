"""Write into the catalogue what torch was seen to do on this machine.

    python -m tests.torch_api.record_evidence

Runs every recipe on the CPU, and on the GPU where there is one. For each entry that a recipe
showed, with all its recipes agreeing, `cpu:<release>` or `cuda:<release>:<GPU>` is put into the
column `evidence` of `operations.csv`; entries that no recipe shows on the CPU any more lose what
was seen there, and everything else stays as it is. Where torch and the catalogue differ, that is
printed and nothing is written; the script then exits with 1. It also prints the operations whose
bits varied without deterministic mode, which the tests never demand.
"""

from __future__ import annotations

import csv
import io
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.torch_api.differential import disagreements, entries_shown, is_to_run
from tests.torch_api.observation import global_state_kept, varies
from tests.torch_api.recipe import (
    NothingToSeeError,
    Operation,
    all_claims,
    all_operations,
)
from torchdet.torch_api import operations as catalogue

TABLE = Path(catalogue.__file__).with_name("operations.csv")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one recipe: the entries that it showed, or how torch differs from them."""

    entries: tuple[str, ...]
    differences: tuple[str, ...] = ()


def main() -> int:
    """Run all recipes and write the table. The exit code is 1 where something differs."""
    warnings.simplefilter("ignore")
    table = TABLE.read_text(encoding="utf-8")
    for device in devices():
        outcomes = list(run_recipes(device))
        differences = [text for outcome in outcomes for text in outcome.differences]
        if differences:
            print(*differences, sep="\n")
            return 1
        shown = {entry for outcome in outcomes for entry in outcome.entries}
        table = with_evidence(table, evidence_of(device), shown)
        print(f"{evidence_of(device)}: {len(shown)} entries")
        for operation in all_operations():
            if entries_shown(operation, device) and has_varied(operation, device):
                print(f"  bits vary without the mode: {operation.entries[0]}: {operation.name}")
    TABLE.write_text(table, encoding="utf-8", newline="")
    return 0


def devices() -> list[torch.device]:
    """The devices of this machine that the catalogue keeps evidence of."""
    gpu = [torch.device("cuda")] if torch.cuda.device_count() else []
    return [torch.device("cpu"), *gpu]


def evidence_of(device: torch.device) -> str:
    """The evidence that a run on ``device`` is, as the catalogue writes it."""
    release = torch.__version__.partition("+")[0]
    if device.type == "cpu":
        return f"cpu:{release}"
    return f"{device.type}:{release}:{torch.cuda.get_device_name(device)}"


def run_recipes(device: torch.device) -> Iterator[Outcome]:
    """Run every recipe that tells something on ``device``."""
    for operation in all_operations():
        if is_to_run(operation, device):
            found = disagreements(operation, device)
            texts = [f"{operation.entries[0]} ({operation.name}): {text}" for text in found]
            yield Outcome(tuple(entries_shown(operation, device)), tuple(texts))
    for claim in all_claims():
        if is_to_run(claim, device):
            try:
                with global_state_kept():
                    claim.check(device)
            except NothingToSeeError as reason:
                print(f"nothing to see of {claim.entries[0]}: {reason}")
            except AssertionError as error:
                yield Outcome((), (f"{claim.entries[0]} ({claim.name}): {error}",))
            else:
                yield Outcome(tuple(entries_shown(claim, device)))


def has_varied(operation: Operation, device: torch.device) -> bool:
    """Whether bits differed at least once without deterministic mode."""
    with global_state_kept():
        if device.type == "cpu":
            torch.set_num_threads(operation.threads)
        return varies(operation.run, device)


def with_evidence(table: str, evidence: str, shown: set[str]) -> str:
    """The table with ``evidence`` in the rows that were shown.

    What was seen on a GPU before stays, whichever it was; of the CPU the last run counts. Raises
    ValueError for a row that would be left with no evidence: it lacks a recipe, or a source.

    >>> with_evidence("name,evidence\\ncumsum,source:2.12.0\\n", "cpu:2.13.0", {"cumsum"})
    'name,evidence\\ncumsum,source:2.12.0;cpu:2.13.0\\n'
    """
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    for row in rows:
        items = [item for item in row["evidence"].split(";") if item != evidence]
        if evidence.startswith("cpu:"):
            items = [item for item in items if not item.startswith("cpu:")]
        if row["name"] in shown:
            items.append(evidence)
        if not items:
            raise ValueError(f"{row['name']}: nothing speaks for it without {row['evidence']}")
        row["evidence"] = ";".join(items)
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
