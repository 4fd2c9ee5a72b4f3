"""Prove on a real project that after `--inject parameters` nothing bypasses the parameter.

    python bench/inject_projects.py --project FOLDER --package NAME --tests "python -m pytest" ...
    python bench/inject_projects.py --only NAME ... [--folder FOLDER]

The first form tries a folder of yours with the Python of ``--python`` (this one by default), the
second projects of ``projects.toml`` that ``migrate_projects.py`` has fetched. A copy is migrated
with `torchdet fix --migrate --inject parameters`. The tests run before, after, and after with the
handles of all modules poisoned: whatever is then asked of a handle that was not passed raises.
Prints a Markdown table. Exit codes: 0 all is sound, 1 something is not, 2 a project could not be
tried.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migrated_copy import changed, compile_errors, digests
from outcomes import Difference, Tested, differences
from project_environment import project_environment
from projects import BENCH, DEFAULT_FOLDER, Project, ProjectError, chosen, pinned_projects
from run_command import Place, run
from trial import Workshop

POISON = BENCH / "poison"
"""A `sitecustomize` that makes every handle raise that a module holds."""

_MIGRATE = ("fix", "--migrate", "--inject", "parameters", "--allow-dirty", "--no-cache", "--quiet")


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one project; ``received`` and ``refused`` count functions and classes."""

    project: str
    received: int
    refused: int
    compile_errors: tuple[str, ...]
    second_run: tuple[str, ...]
    before: Tested
    after: Tested
    poisoned: Tested

    @property
    def worse(self) -> tuple[Difference, ...]:
        """The tests that passed before, and do not once the modules are poisoned."""
        found = differences([self.before.outcomes], [self.poisoned.outcomes])
        return tuple(each for each in found if each.worse)

    @property
    def sound(self) -> bool:
        """Whether the proof holds."""
        return not (self.worse or self.compile_errors or self.second_run)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    work = options.work or Path(tempfile.mkdtemp(prefix="torchdet-injection-"))
    try:
        proofs = [_proof(project, work, options) for project in _projects(options)]
    except ProjectError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        if options.work is None:
            shutil.rmtree(work, ignore_errors=True)
    print(as_markdown(proofs), end="")
    return int(not all(proof.sound for proof in proofs))


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", action="append", default=[], metavar="NAME", help="a pinned project; repeatable")
    add("--folder", type=Path, default=DEFAULT_FOLDER, help="where pinned projects are kept")
    add("--project", type=Path, metavar="FOLDER", help="try this folder instead")
    add("--package", action="append", default=[], metavar="PATH",
        help="a folder or file in it to migrate, its tests among them; repeatable")  # fmt: skip
    add("--tests", action="append", default=[], metavar="COMMAND",
        help="a command line that tests it; repeatable")  # fmt: skip
    add("--python", type=Path, help="the Python that runs it")
    add("--limit", type=float, default=1800, metavar="SECONDS", help="the most for one command")
    add("--work", type=Path, metavar="FOLDER", help="keep copies and logs here")
    return parser


def _projects(options: argparse.Namespace) -> tuple[Project, ...]:
    if options.project is None:
        pinned = chosen(options.only, pinned_projects())
        return tuple(replace(each, packages=(".",)) for each in pinned)
    if not options.package or not options.tests:
        raise ProjectError("--project needs at least one --package and one --tests")
    name = options.project.resolve().name
    return (Project(name, "", tuple(options.package), tuple(options.tests)),)


def _proof(project: Project, work: Path, options: argparse.Namespace) -> Proof:
    folder = work / project.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python = options.python or (
        Path(sys.executable) if options.project else project_environment(options.folder)
    )
    origin = options.project or project.folder(options.folder)

    def announce(step: str) -> None:
        print(f"{project.label}: {step}", file=sys.stderr, flush=True)

    return prove(project, origin, Workshop(folder, python.absolute(), options.limit, announce))


def prove(project: Project, origin: Path, shop: Workshop) -> Proof:
    """Try one project. Raises ``ProjectError``."""
    for copy in ("before", "after"):
        place = shop.place(project, copy)
        shutil.copytree(origin, place.folder, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        for command in project.prepare:
            run(command, place)
    before = shop.tested(project, "before")
    if not before.passed:
        raise ProjectError(f"{project.label}: no test passes before:\n{before.output[-2000:]}")
    shop.announce("injection")
    folder = shop.folder / "after"
    received, refused = _inject(project, folder)
    migrated = digests(project, folder)
    _inject(project, folder)
    roots = (*project.import_roots, str(POISON))
    return Proof(
        project=project.label,
        received=received,
        refused=refused,
        compile_errors=compile_errors(project, shop.place(project, "after")),
        second_run=changed(migrated, digests(project, folder)),
        before=before,
        after=shop.tested(project, "after"),
        poisoned=shop.tested(replace(project, import_roots=roots), "after", "poisoned"),
    )


def _inject(project: Project, folder: Path) -> tuple[int, int]:
    """Migrate a copy; how much receives the handle, and how much is refused."""
    report = folder.parent / "report.json"
    command = [sys.executable, "-m", "torchdet", *_MIGRATE, "--report", str(report)]
    finished = run([*command, *project.packages], Place(folder, Path(sys.executable)))
    if finished.exit_code not in {0, 1}:
        raise ProjectError(f"{project.label}: the migration failed:\n{finished.output[-3000:]}")
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    made, refused = (
        sum(each["code"] == "DET105" for file in files for each in file[kind])
        for kind in ("changes", "refusals")
    )
    return made, refused


def as_markdown(proofs: Sequence[Proof]) -> str:
    """The proofs as a table, and below it the tests that got worse."""
    rows = [
        "| project | receive it | refused | tests before | after | poisoned | second run | sound |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    rows += [
        f"| {each.project} | {each.received} | {each.refused} | {each.before.passed} "
        f"| {each.after.passed} | {each.poisoned.passed} | {len(each.second_run)} "
        f"| {'yes' if each.sound else 'no'} |"
        for each in proofs
    ]
    rows += [
        f"- {proof.project}: {each.test}: {each.before} -> {each.after}"
        for proof in proofs
        for each in proof.worse
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
