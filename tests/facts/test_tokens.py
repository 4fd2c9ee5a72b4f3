"""Comments, found without a parser, against Python's own tokenizer."""

from __future__ import annotations

import io
import sys
import tokenize
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchdet.facts.tokens import TOKEN, comments

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src").rglob("*.py")) + sorted((ROOT / "tests").rglob("*.py"))


def ours(text: str) -> list[str]:
    return [text[start:end] for start, end in comments(text)]


def tokenized(text: str) -> list[str]:
    lines = io.StringIO(text, newline="").readline
    return [t.string for t in tokenize.generate_tokens(lines) if t.type == tokenize.COMMENT]


def test_agrees_with_tokenize_on_this_project() -> None:
    for path in FILES:
        text = path.read_bytes().decode()
        assert ours(text) == tokenized(text), path


OLD_SYNTAX = [
    "x = '#' # a\n",
    'x = """ # no " # no """ # a\n',
    "x = r'\\' # no' # a\n",
    "x = f'{a:#x} # no' # a\n",
    "x = f'{{ # no }}' # a\n",
    "x = rf'''{a!r:>{b}} # no\n''' # a\n",
    "x = f'{d[\"#\"]}' # a\n",
    "x = 'a' 'b' f'{c}' \\\n  '#' # a\n",
    "# a\r# b\r\n# c",
]
NEW_SYNTAX = [
    "x = f'{d['# no']}' # a\n",
    "x = f'{f'{'# no'}'}' # a\n",
    "x = f'{a['b']:{c['# no']}}' # a\n",
]


@pytest.mark.parametrize("text", OLD_SYNTAX)
def test_agrees_with_tokenize_on_hard_cases(text: str) -> None:
    assert ours(text) == tokenized(text)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tokenize knows PEP 701 since Python 3.12")
@pytest.mark.parametrize("text", NEW_SYNTAX)
def test_agrees_with_tokenize_on_nested_quotes(text: str) -> None:
    assert ours(text) == tokenized(text)


def test_nested_quotes_on_any_python() -> None:
    assert [ours(text) for text in NEW_SYNTAX] == [["# a"]] * 3


def test_a_comment_inside_a_replacement_field_is_part_of_the_string() -> None:
    assert ours("x = f'''{\n  a # a\n}''' # b\n") == ["# b"]


@pytest.mark.parametrize("text", ["f'", "f'{", "f'{a:", "f'''{a", "'", "'''#", "f'{(", "}#"])
def test_unfinished_text_ends(text: str) -> None:
    assert len(ours(text)) <= 1


PIECES = st.sampled_from(["'", '"', "'''", '"""', "\\", "f'", "{", "}", "#", "a", " ", "\n", "\r"])


@given(st.lists(PIECES, max_size=20).map("".join))
def test_every_character_of_any_text_belongs_to_one_token(text: str) -> None:
    end = 0
    for match in TOKEN.finditer(text):
        assert not text[end : match.start()].strip()
        end = match.end()
    assert not text[end:].strip()
    assert all(text[start] == "#" for start, _ in comments(text))
