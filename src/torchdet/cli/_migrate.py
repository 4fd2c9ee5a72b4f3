"""``torchdet fix --migrate``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from torchdet.cli._exit import Exit
from torchdet.cli._file_options import FileOptions
from torchdet.cli._files import find_files, refuse_output_elsewhere, writable
from torchdet.cli._options import RuleOptions
from torchdet.cli._output import say, write_notes, write_text
from torchdet.cli._patch import print_patch, refuse_uncommitted
from torchdet.cli._progress import progress_bar
from torchdet.engine.check import failure
from torchdet.engine.discover import SourceFile
from torchdet.engine.project_metadata import metadata_of
from torchdet.engine.project_root import project_folders, project_roots
from torchdet.engine.write_file import create_file, remove_leftovers_beside, replace_file
from torchdet.migrate.left_alone import is_module, is_vendored, why_unmigrated
from torchdet.model.config import MigrateConfig, Policy, Typed
from torchdet.model.diagnostic import FileReport
from torchdet.model.migration import Account, FileMigration, UndeclaredDependency
from torchdet.report import migration_report, migration_summary, render
from torchdet.report.options import RenderOptions

if TYPE_CHECKING:  # it brings LibCST, which ``--help`` does without
    from torchdet.migrate.migrate_files import MigratedFile

_REQUIREMENT = "torchdet"
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """What the command line says about a migration. ``report`` is where the account goes."""

    typed: Typed
    facade: bool
    keep_imports: bool
    to: str
    inject: bool
    report: Path | None

    def config(self, files: Sequence[SourceFile], *, unsafe: bool) -> MigrateConfig:
        """The configuration of a migration of ``files``."""
        keep = self.typed is Typed.ALWAYS
        if self.typed is Typed.AUTO:
            folders = sorted({os.path.dirname(file.path) or os.curdir for file in files})
            keep = metadata_of(project_folders(folders)).is_type_checked
        inject = self.inject or any(file.config.policy is Policy.INJECT for file in files)
        return MigrateConfig(keep, self.facade, self.keep_imports, unsafe, self.to, inject)


def migrate_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a command the options of a migration; it gets them as ``migrate``, or None.

    Usage that contradicts itself raises ``click.UsageError``.
    """

    @click.option(
        "--migrate", is_flag=True, help="Move the whole project onto the runtime's handle."
    )
    @click.option(
        "--typed",
        type=click.Choice([each.value for each in Typed]),
        default=None,
        help="Keep imports of torch for type checkers (auto: where the project has one).",
    )
    @click.option(
        "--to",
        "onto",
        default=None,
        metavar="handle|accelerator|MODULE:NAME",
        help="Onto what: the runtime's handle (the default), plain PyTorch, or your own helper.",
    )
    @click.option(
        "--imports",
        type=click.Choice(["rewrite", "keep"]),
        default=None,
        help="Leave imports of torch alone (keep), or take torch from the handle (the default).",
    )
    @click.option(
        "--inject",
        type=click.Choice(["parameters"]),
        default=None,
        help="Let functions and classes receive the handle as a parameter.",
    )
    @click.option("--facade", is_flag=True, help="Put the facade's import first, keep the others.")
    @click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        default=None,
        help="Write the whole account of the migration: FILE.json or FILE.md.",
    )
    @wraps(command)
    def with_migration(
        migrate: bool,
        typed: str | None,
        onto: str | None,
        imports: str | None,
        inject: str | None,
        facade: bool,
        report: Path | None,
        **others: object,
    ) -> _Result:
        given = {
            "--typed": typed,
            "--to": onto,
            "--imports": imports,
            "--inject": inject,
            "--facade": facade,
            "--report": report,
        }
        for option, value in given.items():
            if value and not migrate:
                raise click.UsageError(f"{option} belongs to --migrate")
        if facade and typed:
            raise click.UsageError("--facade keeps the imports, and --typed rewrites them")
        if facade and imports == "rewrite":
            raise click.UsageError("--facade keeps the imports, and --imports rewrite does not")
        if onto not in (None, "handle") and (facade or imports or typed):
            raise click.UsageError(f"--to {onto} leaves imports of torch alone")
        if inject and (facade or onto not in (None, "handle")):
            raise click.UsageError("--inject passes the runtime's handle on, which is --to handle")
        if report is not None:
            _require_report(report)
        keeps = imports == "keep"
        options = MigrateOptions(
            Typed(typed or "auto"), facade, keeps, onto or "handle", inject is not None, report
        )
        return command(migrate=options if migrate else None, **others)

    return with_migration


def _require_report(report: Path) -> None:
    """Raise ``click.UsageError`` for a report that could not be written after all the work."""
    if report.suffix not in _RENDERERS:
        raise click.UsageError(f"--report {report}: the name must end in .json or .md")
    if not os.access(report.parent, os.W_OK):
        raise click.UsageError(f"--report {report}: its folder does not exist or is read-only")


_RENDERERS = {
    ".json": migration_report.render_json,
    ".md": migration_report.render_markdown,
}


def run_migration(
    files: FileOptions,
    rules: RuleOptions,
    options: MigrateOptions,
    *,
    unsafe: bool,
    diff: bool,
    allow_dirty: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Migrate the Python files among and below the paths; the exit code."""
    from torchdet.migrate.migrate_files import migrate_files

    if files.reads_stdin:
        raise click.UsageError("--migrate works on a whole project, not on standard input")
    refuse_output_elsewhere(options.report, files)
    paths = files.paths or (".",)
    found = find_files(files, rules, undecided=Policy.HANDLE, quiet=quiet)
    if verbose:
        found.say_more()
    candidates = [
        file
        for file in found.files
        if is_module(file.path, paths) and not is_vendored(file.path, paths)
    ]
    inside = writable((file.path for file in candidates), files)
    own = [file for file in candidates if file.path in inside]
    left_alone = {file.path: reason for file in own if (reason := why_unmigrated(file.path))}
    chosen = [file for file in own if file.path not in left_alone]
    _say_if_unselected(chosen)
    _require_target(options.to, chosen)
    with progress_bar(2 * len(chosen), "migrating", wanted=not quiet) as progress:
        config = options.config(chosen, unsafe=unsafe)
        migrated = migrate_files(
            chosen,
            config,
            jobs=files.jobs,
            progress=progress,
            readers=lambda: _project_files(files, rules),
        )
    if diff:
        accounts = [_shown(each) for each in migrated]
    else:
        if not allow_dirty:
            refuse_uncommitted([each.account.path for each in migrated if each.rounds])
        remove_leftovers_beside(each.account.path for each in migrated)
        accounts = [_written(each) for each in migrated]
    failures = [failure(path, reason) for path, reason in left_alone.items()]
    accounts += [FileMigration(each.path, failed=each) for each in (*found.unreachable, *failures)]
    needing = paths if options.to == "handle" else ()
    account = _account(accounts, needing, written=not diff)
    _print(account, options.report, quiet=quiet)
    return _exit_code(account, diff=diff)


def _require_target(onto: str, files: Sequence[SourceFile]) -> None:
    """Raise ``click.UsageError`` where ``onto`` is no target, or its operations are not known."""
    from torchdet.migrate.targets import target_of

    try:
        for operations in {file.config.helper_operations for file in files}:
            target_of(onto, dict(operations))
    except ValueError as error:
        raise click.UsageError(f"--to {error}") from None


def _say_if_unselected(files: Sequence[SourceFile]) -> None:
    """Say so where the options and configurations select nothing that is migrated."""
    from torchdet.findings.codemod_registry import codemod_of
    from torchdet.findings.registry import all_rules

    codes = {rule.code for rule in all_rules() if codemod_of(rule) is not None}
    if files and all(codes.isdisjoint(file.config.select or ()) for file in files):
        named = ", ".join(sorted(codes))
        say(f"torchdet: no rule that is migrated is selected; these are: {named}")


def _project_files(files: FileOptions, rules: RuleOptions) -> list[SourceFile]:
    """All files of the projects that the paths lie in, which may read what is to change."""
    roots = project_roots(files.paths or (".",))
    everything = replace(files, paths=roots)
    found = find_files(everything, rules, undecided=Policy.HANDLE, quiet=True)
    return [
        file
        for file in found.files
        if is_module(file.path, roots) and not is_vendored(file.path, roots)
    ]


def _shown(migrated: MigratedFile) -> FileMigration:
    """The account of a file, after the patch of it was printed."""
    from torchdet.migrate.migrate_files import as_found, change_of

    try:
        change = change_of(migrated)
    except OSError as error:
        return _failed(migrated.account.path, "read", error)
    if change is None:
        return migrated.account
    print_patch(migrated.account.path, change)
    return as_found(migrated, change.before)


def _written(migrated: MigratedFile) -> FileMigration:
    """The account of a file, after it was written; or the failure to do so."""
    from torchdet.migrate.migrate_files import change_of

    path = migrated.account.path
    try:
        change = change_of(migrated)
        if migrated.new is not None:
            create_file(path, migrated.new)
        elif change is not None:
            replace_file(path, change.before, change.after)
    except OSError as error:
        return _failed(path, "written", error)
    return migrated.account


def _failed(path: str, verb: str, error: OSError) -> FileMigration:
    report = failure(path, f"cannot be {verb}: {error.strerror or error}")
    return FileMigration(path, failed=report)


def _account(files: Sequence[FileMigration], paths: Sequence[str], *, written: bool) -> Account:
    ordered = tuple(sorted(files, key=lambda file: file.path))
    if not any(file.made for file in ordered):
        return Account(ordered, written=written)
    return Account(ordered, tuple(_undeclared(paths)), written)


def _undeclared(paths: Sequence[str]) -> Iterator[UndeclaredDependency]:
    """The lines that the packaging files of the projects of ``paths`` lack."""
    for each in metadata_of(project_folders(paths)).beside_torch(_REQUIREMENT):
        line = each.form.value.format(name=_REQUIREMENT)
        yield UndeclaredDependency(each.path, each.row, line)


def _print(account: Account, report: Path | None, *, quiet: bool) -> None:
    """Say on standard error what was done, and write the whole account where it is wanted."""
    failed: list[FileReport] = [file.failed for file in account.files if file.failed is not None]
    write_notes(render("concise", failed, RenderOptions(summary=False)))
    if not quiet:
        write_notes(migration_summary.render(account))
        if report is None and any(file.refusals for file in account.files):
            say("--report FILE.md writes every place and what to do there")
    if report is not None:
        write_text(_RENDERERS[report.suffix](account), str(report))


def _exit_code(account: Account, *, diff: bool) -> int:
    if any(file.failed is not None for file in account.files):
        return Exit.FAILED
    return Exit.FINDINGS if diff and any(file.made for file in account.files) else Exit.CLEAN
