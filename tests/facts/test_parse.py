"""What cannot be parsed, and whose limit that is."""

from __future__ import annotations

import warnings

import pytest

from torchdet.facts.parse import UnparseableError, parse_source
from torchdet.model.source import SourceText


@pytest.mark.parametrize("text", ["(x): int = 1\n", "if x:\n    \\\n    y = 1\n"])
def test_valid_python_that_libcst_does_not_know_is_said_to_be_that(text: str) -> None:
    compile(text, "a.py", "exec")
    with pytest.raises(UnparseableError, match=r"^valid Python that LibCST cannot parse: "):
        parse_source(SourceText(text))


@pytest.mark.parametrize("text", ["def f(:\n", "x = '\\d'\nprint 1\n", "x = b'a' 'b'\n"])
def test_invalid_python_is_the_files_own_fault(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnparseableError, match=r"^not valid Python: "):
            parse_source(SourceText(text))
