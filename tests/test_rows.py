"""The tool that tests tables."""

from __future__ import annotations

import pytest

from tests.rows import every_row

pytest_plugins = ["pytester"]

TABLE = """
import pytest
from tests.rows import every_row

@pytest.fixture
def limit():
    return 3

@every_row([1, 2, 3, 4, 5], name="row {}".format)
def test_small(number, limit):
    if number == 1:
        pytest.skip("too small")
    assert number < limit

@every_row([1, 2])
def test_skipped(number):
    pytest.skip("no torch")

@every_row([1, 0, 2])
def test_errors(number):
    1 / number
"""


def test_all_rows_that_fail_are_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TABLE)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        ["3 of 5 rows:", "row 3: assert 3 < 3*", "row 4: assert 4 < 3*", "row 5: assert 5 < 3*"]
    )
    result.stdout.fnmatch_lines(["1 of 3 rows:", "0: ZeroDivisionError: division by zero (line *)"])
    result.stdout.no_fnmatch_line("row 2*")


@every_row([1, 2, 3])
def test_a_table_without_faults_passes(number: int) -> None:
    assert number
