"""One trial of `torchdet fix --migrate`: test a project, migrate it, check it, test it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from migrated_copy import (
    Migration,
    changed,
    compile_errors,
    digests,
    migrate,
    remaining_findings,
    type_errors,
)
from outcomes import Difference, Tested, differences, run_tests
from projects import Project, ProjectError
from run_command import Place, run


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one project.

    ``compile_errors`` and ``second_run`` (what the second migration changed) are files,
    ``findings`` are of the import rules and outside refusals, ``type_errors`` only the new ones;
    ``failed`` are files that the migration could not read. ``unstable`` counts tests that differed
    once and not when both sides were run again. ``seconds`` are of each step.
    """

    project: str
    kind: str
    files: int
    files_changed: int
    edits: int
    refusals: Mapping[str, int]
    migrate_exit: int
    failed: tuple[str, ...]
    compile_errors: tuple[str, ...]
    findings: tuple[str, ...]
    second_run: tuple[str, ...]
    tests: int
    passed_before: int
    passed_after: int
    differing: tuple[Difference, ...]
    unstable: int
    type_errors: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def sound(self) -> bool:
        """Whether the migration kept all its promises."""
        wrong = (self.failed, self.compile_errors, self.findings, self.second_run, self.type_errors)
        worse = any(difference.worse for difference in self.differing)
        return self.migrate_exit in {0, 1} and not worse and not any(wrong)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where a trial works: copies and logs go below ``folder``, ``python`` runs the project, a
    command takes ``limit`` seconds at most, and ``announce`` is told each step."""

    folder: Path
    python: Path
    limit: float
    announce: Callable[[str], None]

    def place(self, project: Project, copy: str) -> Place:
        """Where the commands of a copy run. Its modules are found before all others."""
        folder = self.folder / copy
        roots = ":".join(str((folder / root).resolve()) for root in project.import_roots)
        return Place(folder, self.python, (("PYTHONPATH", roots), *project.variables), self.limit)

    def tested(self, project: Project, copy: str, run_name: str = "tests") -> Tested:
        """Run the tests in a copy and keep what they print."""
        self.announce(f"{run_name}, {copy}")
        tested = run_tests(project.tests, self.place(project, copy))
        self.keep(f"{run_name}_{copy}", tested.output)
        return tested

    def keep(self, name: str, text: str) -> None:
        """Keep what a step printed."""
        (self.folder / f"{name}.log").write_text(text, encoding="utf-8")


def try_project(project: Project, origin: Path, shop: Workshop) -> Trial:
    """Test the project at ``origin``, migrate a copy, check it and test it again.

    Raises ``ProjectError`` when a step can't be run at all, or no test passes before.
    """
    for copy in ("before", "after"):
        _copy(project, origin, shop, copy)
    tested = shop.tested(project, "before")
    if not tested.passed:
        end = tested.output[-2000:]
        raise ProjectError(f"{project.label}: no test passes before the migration:\n{end}")

    shop.announce("migration")
    folder = shop.folder / "after"
    originals = digests(project, folder)
    first = migrate(project, folder)
    migrated = digests(project, folder)
    findings = remaining_findings(project, folder, first.refused)
    second = migrate(project, folder)
    shop.keep("migration", f"{first.finished.output}\nagain:\n{second.finished.output}")
    settled = digests(project, folder)

    tested_after = shop.tested(project, "after")
    differing, unstable = _differing(project, shop, tested, tested_after)
    return Trial(
        project=project.label,
        kind=project.kind,
        files=len(originals),
        files_changed=len(changed(originals, migrated)),
        edits=first.edits,
        refusals=first.refusals,
        migrate_exit=first.finished.exit_code,
        failed=first.failed,
        compile_errors=compile_errors(project, shop.place(project, "after")),
        findings=findings,
        second_run=changed(migrated, settled),
        tests=len(tested.outcomes),
        passed_before=tested.passed,
        passed_after=tested_after.passed,
        differing=differing,
        unstable=unstable,
        type_errors=_new_type_errors(project, shop),
        seconds=_seconds(tested, first, tested_after),
    )


def _copy(project: Project, origin: Path, shop: Workshop, copy: str) -> None:
    place = shop.place(project, copy)
    shutil.copytree(origin, place.folder, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    missing = [package for package in project.packages if not (place.folder / package).exists()]
    if missing:
        raise ProjectError(f"{project.label}: there is no {', '.join(missing)} in {origin}")
    for command in project.prepare:
        finished = run(command, place)
        if finished.exit_code:
            raise ProjectError(f"{project.label}: `{command}` failed:\n{finished.output[-2000:]}")


def _differing(
    project: Project, shop: Workshop, before: Tested, after: Tested
) -> tuple[tuple[Difference, ...], int]:
    """The tests that differ, and how many no longer do when both sides are run again."""
    once = tuple(differences([before.outcomes], [after.outcomes]))
    if not once:
        return (), 0
    again_before = shop.tested(project, "before", "tests again")
    again_after = shop.tested(project, "after", "tests again")
    twice = tuple(
        differences(
            [before.outcomes, again_before.outcomes], [after.outcomes, again_after.outcomes]
        )
    )
    return twice, len(once) - len(twice)


def _new_type_errors(project: Project, shop: Workshop) -> tuple[str, ...]:
    if not project.types:
        return ()
    shop.announce("types")
    before, after = (
        type_errors(project, shop.place(project, copy)) for copy in ("before", "after")
    )
    return tuple(sorted((after - before).elements()))


def _seconds(before: Tested, migration: Migration, after: Tested) -> dict[str, float]:
    return {
        "tests before": round(before.seconds, 1),
        "migration": round(migration.finished.seconds, 1),
        "tests after": round(after.seconds, 1),
    }
