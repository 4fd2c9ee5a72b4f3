"""Migrate real projects with `torchdet fix --migrate` and see whether their tests still pass.

    python bench/migrate_projects.py [--only NAME ...] [--to TARGET ...] [--clone NAME=PATH ...]
    python bench/migrate_projects.py --project FOLDER --package NAME --tests "python -m pytest"

The first form takes the projects of ``projects.toml``: it fetches them, makes one virtual
environment with what their tests need, and tries each. The second tries a folder of yours with the
Python of ``--python`` (this one by default), which must be able to run its tests and to import
torchdet. Both work on copies, and print a Markdown table.

A trial: run the tests, the type checker and the formatters, import the packages; then, for each
target, migrate a copy, compile it, lint it, migrate it again, run all of this again, and compare.
Tests run twice on both sides if any differs, so that those which change by themselves are told
apart. Exit codes: 0 all is sound, 1 something is not, 2 a project could not be tried. With
``--json`` what is known so far is written after each project.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from fetch_projects import clones_of, fetch
from migrated_copy import HANDLE
from project_environment import project_environment
from projects import DEFAULT_FOLDER, Project, ProjectError, chosen, pinned_projects
from trial import Trial, Workshop, try_project
from trial_table import as_json, as_markdown


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    work = options.work or Path(tempfile.mkdtemp(prefix="torchdet-projects-"))
    try:
        projects, python = _projects(options), _python(options)
        trials: list[Trial] = []
        untried = 0
        for project in projects:
            tried = _trial(project, python, work, options)
            trials += tried
            untried += not tried
            if options.json is not None:
                options.json.write_text(as_json(trials), encoding="utf-8")
    except ProjectError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        if options.work is None:
            shutil.rmtree(work, ignore_errors=True)
    print(as_markdown(trials), end="")
    return 2 if untried else int(not all(trial.sound for trial in trials))


def _trial(project: Project, python: Path, work: Path, options: argparse.Namespace) -> list[Trial]:
    """Try one project, or say why that can't be done."""
    folder = work / project.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    workshop = Workshop(folder, python.absolute(), options.limit, _announcer(project))
    try:
        targets = options.to or [HANDLE, "accelerator"]
        return try_project(project, _origin(project, options), workshop, targets)
    except ProjectError as error:
        print(f"error: {error}", file=sys.stderr)
        return []


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", action="append", default=[], metavar="NAME", help="a pinned project; repeatable")
    add("--to", action="append", default=[], metavar="TARGET",
        help="onto what; repeatable (default: handle and accelerator)")  # fmt: skip
    add("--folder", type=Path, default=DEFAULT_FOLDER, help="where pinned projects are kept")
    add("--clone", action="append", default=[], metavar="NAME=PATH",
        help="take that project's commit from a git repository on this machine")  # fmt: skip
    add("--project", type=Path, metavar="FOLDER", help="try this folder instead")
    add("--package", action="append", default=[], metavar="PATH",
        help="a folder or file in it to migrate; repeatable")  # fmt: skip
    add("--tests", action="append", default=[], metavar="COMMAND",
        help="a command line that tests it; repeatable")  # fmt: skip
    add("--import-root", action="append", default=[], metavar="PATH",
        help="a folder in it that modules are imported from (default: itself)")  # fmt: skip
    add("--types", default="", metavar="COMMAND", help="its type checker, as mypy prints errors")
    add("--python", type=Path, help="the Python that runs it")
    add("--limit", type=float, default=1800, metavar="SECONDS", help="the most for one command")
    add("--work", type=Path, metavar="FOLDER", help="keep copies and logs here")
    add("--json", type=Path, metavar="FILE", help="write everything there, too")
    return parser


def _projects(options: argparse.Namespace) -> tuple[Project, ...]:
    """The project of the command line, or the pinned ones that it asks for."""
    if options.project is None:
        return chosen(options.only, pinned_projects())
    if not options.package or not options.tests:
        raise ProjectError("--project needs at least one --package and one --tests")
    project = Project(
        name=options.project.resolve().name,
        kind="",
        packages=tuple(options.package),
        tests=tuple(options.tests),
        import_roots=tuple(options.import_root) or (".",),
        types=options.types,
    )
    return (project,)


def _python(options: argparse.Namespace) -> Path:
    """The Python that runs the projects."""
    if options.python is not None:
        return Path(options.python)
    return Path(sys.executable) if options.project else project_environment(options.folder)


def _origin(project: Project, options: argparse.Namespace) -> Path:
    """The folder of a project, which is fetched if it is a pinned one."""
    if options.project is not None:
        return Path(options.project).resolve()
    fetch(project, options.folder, clones_of(options.clone))
    return project.folder(options.folder)


def _announcer(project: Project) -> Callable[[str], None]:
    def announce(step: str) -> None:
        print(f"{project.label}: {step}", file=sys.stderr, flush=True)

    return announce


if __name__ == "__main__":
    raise SystemExit(main())
