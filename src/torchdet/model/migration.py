"""What a migration did and did not do: plain data for renderers."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.diagnostic import FileReport
from torchdet.model.location import Location


@dataclass(frozen=True, slots=True)
class Made:
    """One change that was made: the rule whose finding it mends, the place, what was written.

    ``location`` is the place in the file before the migration.
    """

    code: str
    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A finding that stays as it is: ``reason`` says why, ``advice`` what a person should do.

    Both are one line without a full stop, code in backticks. ``location`` is the place in the file
    as it is after the run: in the migrated text, or in the old one where nothing is written.
    """

    code: str
    location: Location
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class FileMigration:
    """The account of one file: what was made of it, and what was refused, by their places.

    ``failed`` is the report on a file that could not be read, parsed or written, or on the rules
    and codemods that failed in it. ``new`` is a file that the migration makes.
    """

    path: str
    made: tuple[Made, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    failed: FileReport | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class UndeclaredDependency:
    """A file that declares torch and not torchdet: ``line`` belongs there, beside ``row``."""

    path: str
    row: int
    line: str


@dataclass(frozen=True, slots=True)
class Account:
    """What a migration did and did not do: all of it.

    ``written`` is false when the changes were only shown. ``undeclared`` are the packaging files
    to be changed by hand.
    """

    files: tuple[FileMigration, ...]
    undeclared: tuple[UndeclaredDependency, ...] = ()
    written: bool = True
