"""The guard in front of LibCST's parser."""

from __future__ import annotations

import ast
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deep_code import ALL, BRACKETS, CHAINS, PATTERNS
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.facts import nesting
from torchdet.facts.nesting import (
    MAX_BRACKETS,
    MAX_LINKS,
    MAX_STRINGS,
    NestingError,
    check_nesting,
)

ROOT = Path(__file__).parents[2]


def refusal(text: str) -> NestingError | None:
    try:
        check_nesting(text)
    except NestingError as error:
        return error
    return None


@pytest.mark.parametrize("kind", {**BRACKETS, **CHAINS, **PATTERNS})
def test_five_thousand_levels_are_refused(kind: str) -> None:
    error = refusal(ALL[kind](5000))
    assert error is not None
    assert 0 < error.offset < len(ALL[kind](5000))


@pytest.mark.parametrize("kind", {**BRACKETS, **CHAINS})
def test_a_hundred_levels_pass_and_can_be_parsed(kind: str) -> None:
    text = ALL[kind](100)
    check_nesting(text)
    if kind != "unclosed brackets":
        assert run_with_deep_stack(lambda: cst.parse_module(text).code) == text


@pytest.mark.parametrize("kind", PATTERNS)
def test_patterns_as_people_write_them_pass(kind: str) -> None:
    check_nesting(ALL[kind](6))


def test_the_limit_of_brackets_is_that_of_pythons_own_tokenizer() -> None:
    allowed, refused = (BRACKETS["lists"](depth) for depth in (MAX_BRACKETS, MAX_BRACKETS + 1))
    check_nesting(allowed)
    with pytest.raises(NestingError, match="brackets"):
        check_nesting(refused)
    with pytest.raises(SyntaxError, match="too many nested parentheses"):
        ast.parse(refused)


def test_the_place_is_where_the_limit_is_passed() -> None:
    text = "a = 1\n" + BRACKETS["lists"](MAX_BRACKETS + 5)
    error = refusal(text)
    assert error is not None
    assert error.offset == text.index("[") + MAX_BRACKETS


def test_the_longest_chain_that_passes_can_be_parsed_and_written() -> None:
    for kind in ("minus", "powers", "lambda defaults", "calls of calls"):
        links = MAX_LINKS // (3 if kind == "lambda defaults" else 2)
        text = CHAINS[kind](links)
        check_nesting(text)
        assert run_with_deep_stack(lambda text=text: cst.parse_module(text).code) == text


def test_long_flat_code_passes() -> None:
    flat = [
        "x = [" + "-1.5, torch.float32, f(a)[0], " * 20_000 + "]\n",
        "x = {" + "'a': {'b': (1, 2)},\n" * 20_000 + "}\n",
        "torch.cuda.synchronize()\n" * 20_000,
        "x = 1; y = a.b.c; " * 5_000 + "\n",
        "x = (\n" + "    'text'  # comment\n" * MAX_STRINGS + ")\n",
        "x = '''" + "(((" * 5_000 + "'''\n",
        "# " + "(((" * 5_000 + "\n",
        "x = f'" + "{a} and " * 5_000 + "'\n",
        "x = f'" + "{{ not a field: (((. " * 500 + "'\n",
        "f(1, \\\n  2) \\\n + 3\n" * 5_000,
    ]
    for text in flat:
        check_nesting(text)


def test_more_strings_than_the_parser_joins_are_refused() -> None:
    text = "x = (" + "'a' " * (MAX_STRINGS + 1) + ")\n"
    with pytest.raises(cst.ParserSyntaxError):
        cst.parse_module(text)
    with pytest.raises(NestingError, match="side by side"):
        check_nesting(text)


def test_real_code_passes_the_quick_look() -> None:
    """The exact count is slow; it is for texts that may be too deep."""
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        check_nesting(text)
        assert not nesting._may_be_deep(text), path


LINKS = st.sampled_from(["a", "b.c", "'('", '"""]"""', "f", "-", "not ", "[", "(", "{", "\n", ", "])


@given(st.lists(LINKS, max_size=60), st.integers(1, 5))
def test_the_quick_look_never_misses_what_the_exact_count_refuses(
    parts: list[str], repeat: int
) -> None:
    text = "".join(parts) * repeat * 40
    try:
        nesting._measure(text, 0)
    except NestingError:
        assert nesting._may_be_deep(text)
