"""One trial of `torchdet fix --migrate`: test a project, migrate it, check it, test it again."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diff_size import DiffSize, diff_size
from import_probe import Imported, probe_imports
from migrated_copy import (
    HANDLE,
    changed,
    compile_errors,
    digests,
    entry_points,
    migrate,
    remaining_findings,
    type_errors,
    unformatted,
    with_runtime,
)
from outcomes import Difference, Tested, differences, run_tests
from projects import Project, ProjectError
from run_command import Place, run

BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one project on one target.

    ``compile_errors`` and ``second_run`` (what the second migration changed) are files,
    ``findings`` are of the import rules and outside refusals, or files that still import torchdet
    where the target is another; ``type_errors`` and ``unformatted`` only the new ones; ``failed``
    are files that the migration could not read. ``unstable`` counts tests that differed once and
    not when both sides were run again. ``imports`` are the packages whose import now does something
    else to the process, or needs torch where it didn't. ``applying`` counts files that apply the
    runtime, ``never_applying`` entry points that don't. ``seconds`` are of each step.
    """

    project: str
    kind: str
    target: str
    files: int
    files_changed: int
    size: DiffSize
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
    types_checked: bool
    type_errors: tuple[str, ...]
    formatters_run: bool
    unformatted: tuple[str, ...]
    packages: int
    imports: tuple[str, ...]
    without_torch: int
    applying: int
    never_applying: int
    seconds: Mapping[str, float]

    @property
    def sound(self) -> bool:
        """Whether the migration kept all its promises."""
        wrong = (
            self.failed,
            self.compile_errors,
            self.findings,
            self.second_run,
            self.type_errors,
            self.unformatted,
            self.imports,
        )
        worse = any(difference.worse for difference in self.differing)
        return self.migrate_exit in {0, 1} and not worse and not any(wrong)


@dataclass(frozen=True, slots=True)
class Original:
    """What is known of a project before it is migrated."""

    tested: Tested
    types: Counter[str]
    unformatted: frozenset[str]
    imports: Mapping[str, Imported]


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


def try_project(
    project: Project, origin: Path, shop: Workshop, targets: Sequence[str] = (HANDLE,)
) -> list[Trial]:
    """Test the project at ``origin``; for each target migrate a copy, check it and test it again.

    Raises ``ProjectError`` when a step can't be run at all, or no test passes before.
    """
    _copy(project, origin, shop, BEFORE)
    tested = shop.tested(project, BEFORE)
    if not tested.passed:
        end = tested.output[-2000:]
        raise ProjectError(f"{project.label}: no test passes before the migration:\n{end}")
    shop.announce("types, formatting and imports before")
    place = shop.place(project, BEFORE)
    original = Original(
        tested,
        type_errors(project, place) if project.types else Counter(),
        unformatted(project, place),
        probe_imports(project, place),
    )
    return [_on_target(project, origin, shop, original, target) for target in targets]


def _on_target(
    project: Project, origin: Path, shop: Workshop, original: Original, target: str
) -> Trial:
    copy = f"to-{target.replace(':', '-')}"
    _copy(project, origin, shop, copy)
    folder, place = shop.folder / copy, shop.place(project, copy)
    shop.announce(f"migration, {copy}")
    originals = digests(project, folder)
    first = migrate(project, folder, target)
    migrated = digests(project, folder)
    findings = (
        remaining_findings(project, folder, first.refused)
        if target == HANDLE
        else with_runtime(project, folder)
    )
    second = migrate(project, folder, target)
    shop.keep(f"migration_{copy}", f"{first.finished.output}\nagain:\n{second.finished.output}")
    settled = digests(project, folder)
    applying, never = entry_points(project, folder) if target == HANDLE else (0, 0)

    tested = shop.tested(project, copy)
    differing, unstable = _differing(project, shop, original.tested, tested, copy)
    shop.announce(f"types, formatting and imports, {copy}")
    types = type_errors(project, place) if project.types else Counter[str]()
    imports = probe_imports(project, place)
    rewritten = changed(originals, migrated)
    return Trial(
        project=project.label,
        kind=project.kind,
        target=target,
        files=len(originals),
        files_changed=len(rewritten),
        size=diff_size(shop.folder / BEFORE, folder, rewritten, first.imports_only),
        edits=first.edits,
        refusals=first.refusals,
        migrate_exit=first.finished.exit_code,
        failed=first.failed,
        compile_errors=compile_errors(project, place),
        findings=findings,
        second_run=changed(migrated, settled),
        tests=len(original.tested.outcomes),
        passed_before=original.tested.passed,
        passed_after=tested.passed,
        differing=differing,
        unstable=unstable,
        types_checked=bool(project.types),
        type_errors=tuple(sorted((types - original.types).elements())),
        formatters_run=bool(project.formatters),
        unformatted=tuple(sorted(unformatted(project, place) - original.unformatted)),
        packages=len(imports),
        imports=tuple(_worse_imports(original.imports, imports)),
        without_torch=sum(not each.error_without_torch for each in imports.values()),
        applying=applying,
        never_applying=never,
        seconds={
            "tests before": round(original.tested.seconds, 1),
            "migration": round(first.finished.seconds, 1),
            "tests after": round(tested.seconds, 1),
        },
    )


def _worse_imports(before: Mapping[str, Imported], after: Mapping[str, Imported]) -> Iterator[str]:
    """What importing a package does now that it did not do before the migration."""
    for name, now in after.items():
        was = before[name]
        if now.error and not was.error:
            yield f"{name}: {now.error}"
        for setting in sorted(now.changes.keys() - was.changes.keys()):
            yield f"{name}: {setting} {now.changes[setting]}"
        if now.error_without_torch and not was.error_without_torch:
            yield f"{name}, without torch: {now.error_without_torch}"


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
    project: Project, shop: Workshop, before: Tested, after: Tested, copy: str
) -> tuple[tuple[Difference, ...], int]:
    """The tests that differ, and how many no longer do when both sides are run again."""
    once = tuple(differences([before.outcomes], [after.outcomes]))
    if not once:
        return (), 0
    again_before = shop.tested(project, BEFORE, "tests again")
    again_after = shop.tested(project, copy, "tests again")
    twice = tuple(
        differences(
            [before.outcomes, again_before.outcomes], [after.outcomes, again_after.outcomes]
        )
    )
    return twice, len(once) - len(twice)
