"""Tests of tables: one test asks the same of every row, and tells all rows that fail."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TypeVar

import pytest

Skipped = pytest.skip.Exception
_Row = TypeVar("_Row")


def every_row(
    rows: Iterable[_Row], name: Callable[[_Row], str] = str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function of a row, its first parameter, a test of all ``rows``.

    Further parameters are fixtures. ``name`` says how a row is called where it fails. Rows that
    skip themselves are no failures, unless all do: then the test is skipped.
    """
    table = list(rows)

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        @wraps(check)
        def test(**fixtures: object) -> None:
            check_rows(table, lambda row: check(row, **fixtures), name)

        signature = inspect.signature(check)
        _, *fixtures = signature.parameters.values()
        vars(test)["__signature__"] = signature.replace(parameters=fixtures)
        return test

    return decorate


def check_rows(
    rows: Sequence[_Row], check: Callable[[_Row], None], name: Callable[[_Row], str] = str
) -> None:
    """Ask ``check`` about all ``rows``, and fail with all that it raised, as `every_row` does."""
    outcomes = [_outcome(check, row) for row in rows]
    faults = [
        f"{name(row)}: {_told(outcome)}"
        for row, outcome in zip(rows, outcomes, strict=True)
        if isinstance(outcome, Exception)
    ]
    skipped = [str(outcome) for outcome in outcomes if isinstance(outcome, Skipped)]
    if faults:
        pytest.fail(f"{len(faults)} of {len(rows)} rows:\n" + "\n".join(faults), False)
    if len(skipped) == len(rows):
        pytest.skip(skipped[0] if skipped else "the table is empty")


def _outcome(check: Callable[[_Row], None], row: _Row) -> BaseException | None:
    try:
        check(row)
    except (Exception, Skipped) as raised:  # noqa: BLE001 -- whatever it is, other rows follow
        return raised
    return None


def _told(error: Exception) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    row = place.tb_lineno if place is not None else 0
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return f"{kind}{error or 'no assertion'} (line {row})"
