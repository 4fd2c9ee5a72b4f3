"""``torchdet clean``."""

from __future__ import annotations

import os
import shutil

import click

from torchdet.cli._file_options import FileOptions, usage_errors
from torchdet.cli._output import CommandError, say
from torchdet.private_folder import FolderNotOursError, kept_between_runs, require_private


@click.command(short_help="Remove what is kept between runs.")
@click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=str),
    help="The folder to clean; by default the configured one, and that of the user.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def clean(cache_dir: str | None, quiet: bool) -> None:
    """Remove the reports and runs that torchdet keeps, all of which it can make again."""
    with usage_errors():
        configured = "" if cache_dir else FileOptions(()).config_here().cache_dir
    named = (cache_dir,) if cache_dir else ("", configured)
    folders = dict.fromkeys(kept_between_runs(each) for each in named)
    for folder in folders:
        if folder is not None and os.path.lexists(folder):
            _remove(folder)
            if not quiet:
                say(f"torchdet: removed {folder}")


def _remove(folder: str) -> None:
    """Remove ``folder`` if it is the user's alone, as torchdet made it. Raises ``CommandError``."""
    try:
        require_private(folder)
        shutil.rmtree(folder)
    except FolderNotOursError as error:
        raise CommandError(f"{error}; remove it yourself if it is a cache") from None
    except OSError as error:
        raise CommandError(f"{folder}: cannot be removed: {error.strerror or error}") from None
