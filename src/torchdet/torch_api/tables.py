"""Reads the tables that `python -m torchdet.dev generate-torch-api` writes from a torch."""

from __future__ import annotations

import csv
import pkgutil
from functools import cache
from io import StringIO

ORIGIN = "# torch {version}, written by `python -m torchdet.dev generate-torch-api`"
_ORIGIN_PARTS = ORIGIN.split("{version}")


def _text(table: str) -> str:
    data = pkgutil.get_data(__package__, f"generated/{table}.csv")
    if data is None:
        raise ValueError(f"generated/{table}.csv is missing beside the module that reads it")
    return data.decode("utf-8")


@cache
def generated_rows(table: str) -> tuple[tuple[str, ...], ...]:
    """The rows of a generated table, without its origin and its heading.

    Read once, when first asked for. Raises ``ValueError`` when the file is missing.
    """
    rows = csv.reader(StringIO(_text(table), newline=""))
    return tuple(map(tuple, rows))[2:]


def generated_from(table: str) -> str:
    """The release of torch that a table was written from.

    >>> generated_from("modules").startswith("2.13")
    True
    """
    origin = _text(table).partition("\n")[0]
    return origin.removeprefix(_ORIGIN_PARTS[0]).removesuffix(_ORIGIN_PARTS[1])
