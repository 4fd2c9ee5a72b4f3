"""What commands that change files share: patches, and the care for uncommitted work."""

from __future__ import annotations

from collections.abc import Sequence

from torchdet.cli._output import CommandError, write_data, write_text
from torchdet.engine.git_program import GitError
from torchdet.engine.work_tree import uncommitted
from torchdet.model.file_fixes import FileChange
from torchdet.report.unified_diff import readable_diff, unified_diff
from torchdet.terminal import is_read_by_people

_NAMED_AT_MOST = 10


def print_patch(path: str, change: FileChange) -> None:
    """Print ``change`` of the file at ``path`` on standard output.

    It is an exact patch for programs; on a terminal and in the log of a CI service it is printable.
    """
    if is_read_by_people():
        write_text(readable_diff(path, change.before, change.after))
    else:
        write_data(unified_diff(path, change.before, change.after))


def refuse_uncommitted(changing: Sequence[str]) -> None:
    """Raise ``CommandError`` when git could not bring back a file that is to change."""
    try:
        dirty = uncommitted(changing)
    except GitError as error:
        raise CommandError(str(error), ("use --allow-dirty to fix without git",)) from None
    if dirty:
        named = dirty[:_NAMED_AT_MOST]
        if len(dirty) > len(named):
            named.append(f"and {len(dirty) - len(named)} more")
        raise CommandError(
            "nothing was written: these files have uncommitted changes, which would mix with the "
            "fixes; commit them, or use --allow-dirty",
            tuple(named),
        )
