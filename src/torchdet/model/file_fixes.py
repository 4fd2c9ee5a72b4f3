"""What came of fixing one file."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.diagnostic import Diagnostic, FileReport


@dataclass(frozen=True, slots=True)
class FileChange:
    """The bytes of a file before and after its fixes."""

    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class FileFixes:
    """The fixes of one file, not written yet.

    ``report`` is about the text with the fixes in it, ``fixed`` are the findings that they mended.
    ``change`` is None when there is nothing to write. ``refusal`` says why the fixes that were
    wanted are not made; the file is then to stay as it is, and ``report`` is about it.
    """

    report: FileReport
    fixed: tuple[Diagnostic, ...] = ()
    change: FileChange | None = None
    refusal: str | None = None

    @property
    def path(self) -> str:
        """The path of the file."""
        return self.report.path
