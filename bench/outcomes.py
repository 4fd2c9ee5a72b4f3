"""What a project's tests say: each test's outcome, and how two runs differ."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from run_command import Place, run


class Outcome(IntEnum):
    """How a test ended, the worst last. ``MISSING`` tests are in one run and not in another."""

    PASSED = 0
    SKIPPED = 1
    FAILED = 2
    ERROR = 3
    MISSING = 4


@dataclass(frozen=True, slots=True)
class Difference:
    """A test that ended differently after the migration."""

    test: str
    before: str
    after: str

    @property
    def worse(self) -> bool:
        """Whether it passed before."""
        return self.before == Outcome.PASSED.name.lower()


@dataclass(frozen=True, slots=True)
class Tested:
    """The outcomes of all tests of a project, how long they took, and what they printed."""

    outcomes: Mapping[str, Outcome]
    seconds: float
    output: str

    @property
    def passed(self) -> int:
        return sum(outcome is Outcome.PASSED for outcome in self.outcomes.values())


def run_tests(commands: Sequence[str], place: Place) -> Tested:
    """Run the test commands of a project, one after the other."""
    outcomes: dict[str, Outcome] = {}
    printed: list[str] = []
    seconds = 0.0
    for command in commands:
        results = place.folder.parent / "outcomes.xml"
        results.unlink(missing_ok=True)
        by_test = runs_pytest(command)
        argv = shlex.split(command)
        if by_test:
            argv += [f"--junitxml={results}", "-o", "junit_family=xunit2", "-p", "no:cacheprovider"]
        finished = run(argv, place)
        seconds += finished.seconds
        printed.append(f"$ {command}\n{finished.output}\nexit code {finished.exit_code}\n")
        if by_test and results.exists():
            outcomes |= read_junit(results.read_text(encoding="utf-8"))
        else:
            outcomes[command] = Outcome.FAILED if finished.exit_code else Outcome.PASSED
    return Tested(outcomes, seconds, "\n".join(printed))


def runs_pytest(command: str) -> bool:
    """Whether ``command`` is pytest, so that each of its tests can be told."""
    return any(Path(word).name in {"pytest", "py.test"} for word in shlex.split(command)[:3])


def read_junit(text: str) -> dict[str, Outcome]:
    """The outcome of each test in a JUnit report; of several by one name, the worst."""
    outcomes: dict[str, Outcome] = {}
    for case in ET.fromstring(text).iter("testcase"):
        name = _without_addresses(f"{case.get('classname', '')}::{case.get('name', '')}")
        outcomes[name] = max(_outcome(case), outcomes.get(name, Outcome.PASSED))
    return outcomes


def _outcome(case: ET.Element) -> Outcome:
    for tag, outcome in (
        ("error", Outcome.ERROR),
        ("failure", Outcome.FAILED),
        ("skipped", Outcome.SKIPPED),
    ):
        if case.find(tag) is not None:
            return outcome
    return Outcome.PASSED


def _without_addresses(name: str) -> str:
    """The name of a test without what changes from run to run: addresses of objects."""
    return re.sub(r"0x[0-9a-f]{6,}", "0x", name)


def differences(
    before: Iterable[Mapping[str, Outcome]], after: Iterable[Mapping[str, Outcome]]
) -> Iterator[Difference]:
    """The tests of which no outcome after the migration is one that they had before.

    Each side may hold several runs, since there are tests whose outcome changes by itself.
    """
    earlier, later = list(before), list(after)
    for test in sorted({name for each in (*earlier, *later) for name in each}):
        had = {each.get(test, Outcome.MISSING) for each in earlier}
        has = {each.get(test, Outcome.MISSING) for each in later}
        if not had & has:
            yield Difference(test, min(had).name.lower(), min(has).name.lower())
