"""The libraries around PyTorch, as data: one table a library, with the release it was read from.

The first line of a table names the library, that release and where to look it up. Then each row is
a name with its *role*: what a call of it does to the random numbers, the devices and the switches
of a program. A name may hold ``*``; a method's name has no dot, and counts where the file imports
the library. ``instead`` says what to do, where that is not plain from the role.

- ``seeds``: seeds ``streams`` from ``argument``. Without the argument it seeds them all the same
  where ``otherwise`` is ``always``, else it seeds nothing.
- ``draws``: draws from ``streams`` unless ``argument``, or one of several, passes a seed. Where
  ``when`` names an argument, only if that is true.
- ``generator``: makes a generator that no seed of the process reaches; ``argument`` seeds it.
- ``trains``: trains a model.
- ``card``: ``argument`` picks devices by number, in one of the forms of ``when``: an ``index``, a
  ``list`` of them, a ``map`` to them, ``text`` with numbers, or text with ``commas``.
- ``kind``: ``argument`` asks for one kind of accelerator, by one of the words of ``when``, or by a
  ``number`` of them.
- ``tunes``: chooses one of several in ``argument`` by timing them.
- ``sets``: ``argument`` is the new value of the switch that ``when`` names.
"""

from __future__ import annotations

import csv
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """One row of the table of ``package``; ``position`` is that of ``argument``, if it has one."""

    package: str
    name: str
    role: str
    streams: frozenset[str]
    argument: str
    position: int | None
    otherwise: str
    when: str
    instead: str


@dataclass(frozen=True, slots=True)
class Library:
    """One table: the ``package`` that code imports, the ``release`` and the ``source``."""

    package: str
    release: str
    source: str
    rows: tuple[LibraryRow, ...]


@cache
def libraries() -> tuple[Library, ...]:
    """All tables, sorted by package.

    >>> [each.package for each in libraries()][:2]
    ['accelerate', 'albumentations']
    """
    files = (each.name for each in resources.files(__package__).iterdir())
    return tuple(
        _read(name.removesuffix(".csv")) for name in sorted(files) if name.endswith(".csv")
    )


@cache
def rows(role: str) -> tuple[LibraryRow, ...]:
    """The rows of all libraries with that role."""
    return tuple(row for library in libraries() for row in library.rows if row.role == role)


def _read(package: str) -> Library:
    data = pkgutil.get_data(__package__, f"{package}.csv")
    if data is None:
        raise ValueError(f"{package}.csv is missing beside the module that reads it")
    origin, _, table = data.decode("utf-8").partition("\n")
    _, release, source = origin.removeprefix("# ").replace(",", "").split()
    found = []
    for row in csv.DictReader(StringIO(table, newline="")):
        position = int(row["position"]) if row["position"] else None
        streams = frozenset(row["streams"].split())
        found.append(
            LibraryRow(
                package,
                row["name"],
                row["role"],
                streams,
                row["argument"],
                position,
                row["otherwise"],
                row["when"],
                row["instead"],
            )
        )
    return Library(package, release, source, tuple(found))
