"""What commands that change files share: patches, and the care for uncommitted work."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from torchdet.engine.git_program import GitError
from torchdet.engine.work_tree import uncommitted
from torchdet.model.file_fixes import FileChange
from torchdet.report.characters import printable
from torchdet.report.unified_diff import unified_diff

_NAMED_AT_MOST = 10


def print_patch(path: str, change: FileChange) -> None:
    """Print ``change`` of the file at ``path`` as a patch on standard output, if that is open."""
    if sys.stdout is None:
        return
    sys.stdout.buffer.write(unified_diff(path, change.before, change.after))
    sys.stdout.flush()


def refuse_uncommitted(changing: Sequence[str]) -> None:
    """Raise ``click.ClickException`` when git could not bring back a file that is to change."""
    try:
        dirty = uncommitted(changing)
    except GitError as error:
        raise click.ClickException(f"{error}\nUse --allow-dirty to fix without git") from None
    if dirty:
        named = [printable(path) for path in dirty[:_NAMED_AT_MOST]]
        if len(dirty) > len(named):
            named.append(f"and {len(dirty) - len(named)} more")
        listed = "".join(f"\n  {name}" for name in named)
        raise click.ClickException(
            "nothing was written: these files have uncommitted changes, which would mix with the "
            f"fixes; commit them, or use --allow-dirty{listed}"
        )
