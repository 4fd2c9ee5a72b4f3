"""What does a result depend on? Runs a program under one changed condition each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torchdet.verify.conditions import Condition, condition, pinned
from torchdet.verify.ladder import Verification
from torchdet.verify.trace.trace_reader import RunTrace
from torchdet.verify.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Variation:
    """A changed condition, and how the run under it compares with one under the usual ones."""

    condition: Condition
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class VariationReport:
    """``unchanged`` compares two runs under the same conditions.

    Where these differ already, nothing was varied.
    """

    unchanged: Verdict
    variations: tuple[Variation, ...] = ()

    @property
    def is_identical(self) -> bool:
        """Whether no condition changes a bit."""
        verdicts = (self.unchanged, *(each.verdict for each in self.variations))
        return all(each.is_identical for each in verdicts)


def vary(verification: Verification, names: Sequence[str]) -> VariationReport:
    """Run under the usual conditions twice, and under each change that ``names`` has once.

    Raises ``VerifyError``.
    """
    usual = replace(
        verification, start=pinned(verification.start), folder=verification.folder / "usual"
    )
    first = usual.first_run()
    again = verification.folder / "again"
    unchanged = replace(usual, folder=again, against=first, runs=1).verify()
    unchanged = replace(unchanged, runs=2)
    if not unchanged.is_identical:
        return VariationReport(unchanged)
    return VariationReport(unchanged, tuple(_variations(usual, first, names)))


def _variations(usual: Verification, first: RunTrace, names: Sequence[str]) -> Iterator[Variation]:
    header = next(iter(first.processes().values())).header
    for name in names:
        changed = condition(name, header.environment)
        usual.say(f"{name}: {changed.change}")
        verification = replace(
            usual,
            folder=usual.folder.parent / name,
            against=first,
            runs=1,
            start_other=changed.starter(usual.start),
        )
        yield Variation(changed, replace(verification.verify(), runs=2))
