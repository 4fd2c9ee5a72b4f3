"""Source text: decoding against Python's own, and offsets against rows and columns."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchdet.model.source import DecodeError, EncodeError, SourceText

WORDS = {
    "utf-8": "é中🎉",
    "utf8": "é中🎉",
    "UTF_8": "é中",
    "latin-1": "éÿ",
    "iso-8859-15": "é€",
    "iso-latin-1-unix": "éÿ",
    "Latin_1-dos": "éÿ",
    "utf-8-unix": "é中",
    "cp1252": "é€",
    "cp437": "é╬",
    "koi8-r": "жЯ",
    "mac-roman": "é†",
    "shift_jis": "表示ソ",
    "cp932": "表示ソ①",
    "euc-jp": "日本語",
    "euc-kr": "한국",
    "gb2312": "中文",
    "gbk": "中文",
    "gb18030": "中文🎉",
    "big5": "許功蓋",
    "utf-8-sig": "é中",
    "ascii": "e",
}


def outcome(data: bytes | str) -> str | None:
    """What Python makes of a file that assigns a string: its text, or None."""
    try:
        (statement,) = ast.parse(data).body
    except (SyntaxError, ValueError):  # ValueError: NUL, before Python 3.12
        return None
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.Constant)
    return str(statement.value.value)


def our_outcome(data: bytes) -> str | None:
    try:
        return outcome(SourceText.decode(data).text)
    except DecodeError:
        return None


COOKIES = [
    "# -*- coding: {} -*-\n",
    "#!/usr/bin/env python\n# vim: set fileencoding={} :\n",
    "#coding={}\n",
    "\n# coding: {}\n",
    "# one\r\n# coding: {}\r\n",
    "# one\r# coding: {}\r",
    "\f# coding: {}\n",
    "  \t# coding: {}\n",
]


@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("encoding", WORDS)
def test_declared_encodings_are_read_as_python_reads_them(encoding: str, cookie: str) -> None:
    codec = re.sub("(?i)-(unix|dos)|iso-(?=latin)", "", encoding)
    data = f"{cookie.format(encoding)}x = '{WORDS[encoding]}'\n".encode(codec)
    assert our_outcome(data) == outcome(data) == WORDS[encoding]
    source = SourceText.decode(data)
    assert source.encode(source.text) == data


NOT_DECLARED = [
    "x = 1 # coding: latin-1\n",
    "x = 1\n# coding: latin-1\n",
    "#\n#\n# coding: latin-1\n",
    "'''\n# coding: latin-1\n'''\n",
    "\\\n# coding: latin-1\n",
    "# coding : latin-1\n",
    "# coding:\tlatin-1\n",
    "# encodinglatin-1\n",
    "# a comment \x0c coding: latin-1\n",
    "# coding: latin-1 coding: utf-8\n",
    "# coding: utf-8 # coding: latin-1\n",
]


@pytest.mark.parametrize("lead", NOT_DECLARED)
@pytest.mark.parametrize("value", [b"\xe9", "é".encode(), b"e"])
def test_what_is_and_is_not_a_declaration(lead: str, value: bytes) -> None:
    data = lead.encode() + b"y = '" + value + b"'\n"
    try:
        ast.parse(data)
        valid = True
    except SyntaxError:
        valid = False
    try:
        text = SourceText.decode(data).text
    except DecodeError:
        assert not valid
        return
    if valid:
        assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(data))


BOM = codecs.BOM_UTF8
REFUSED = {
    b"# coding: klingon\nx = ''": "unknown encoding 'klingon'",
    b"# coding: rot13\nx = ''": "not a text encoding",
    b"# coding: hex\nx = ''": "not a text encoding",
    BOM + b"# coding: latin-1\nx = ''": "byte order mark contradicts",
    b"# coding: ascii\nx = '\xe9'": "not ascii: byte 0xe9",
    b"x = '\xe9'": "not utf-8: byte 0xe9",
    b"x = '\xc3": "not utf-8: byte 0xc3",
    b"x = '\xed\xa0\x80'": "not utf-8: byte 0xed",
    b"x = '\0'": "NUL",
    b"# coding: shift_jis\nx = '\x81'": "not shift_jis",
    "x = 1\n".encode("utf-16"): "UTF-16",
    "x = 1\n".encode("utf-32-le"): "NUL",
    b"# coding: utf-16\nx = 1\n": "utf-16",
}


@pytest.mark.parametrize("data", REFUSED)
def test_what_python_refuses_is_refused_with_a_reason(data: bytes) -> None:
    assert outcome(data) is None
    with pytest.raises(DecodeError, match=REFUSED[data]):
        SourceText.decode(data)


def test_the_place_of_a_bad_byte() -> None:
    with pytest.raises(DecodeError) as caught:
        SourceText.decode(b"a = 1\r\nb = 2\rc = '\xff'\n")
    assert (caught.value.row, caught.value.column) == (3, 6)
    with pytest.raises(DecodeError) as caught:
        SourceText.decode(b"a = 1\n\tb = \0\n")
    assert (caught.value.row, caught.value.column) == (2, 6)


@pytest.mark.parametrize("data", [BOM, BOM + b"x = ''\n", BOM + b"# coding: utf-8\nx = 'a'\n"])
def test_the_byte_order_mark_is_kept_apart(data: bytes) -> None:
    source = SourceText.decode(data)
    assert not source.text.startswith("\ufeff")
    assert source.encode(source.text) == data


def test_text_that_the_encoding_cannot_express() -> None:
    source = SourceText.decode(b"# coding: latin-1\n")
    with pytest.raises(EncodeError):
        source.encode("中")


HEADS = st.sampled_from(
    b"#|# coding: |coding=|latin-1|utf-8|utf8|-unix|shift_jis|gbk|ascii| |\t|\f|-*-|:|x|\n|\r|\r\n"
    b"|\\|'''|\xef\xbb\xbf".split(b"|")
)


@given(st.lists(HEADS, max_size=8).map(b"".join))
def test_the_declared_encoding_is_the_one_that_tokenize_detects(head: bytes) -> None:
    data = head + b"\nx = ''\n"
    # tokenize splits at "\n" only; Python's own reader sees the other line endings as well.
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        detected, _ = tokenize.detect_encoding(io.BytesIO(lines).readline)
    except SyntaxError:
        with pytest.raises(DecodeError):
            SourceText.decode(data)
        return
    source = SourceText.decode(data)
    assert codecs.lookup(source.encoding) == codecs.lookup(detected.removesuffix("-sig"))
    assert source.encode(source.text) == data


TEXTS = st.text(st.sampled_from("ab \t\f\v\r\n\x1c\x85\u2028é中🎉'#\\"), max_size=40)


@given(TEXTS)
def test_offsets_and_locations_are_inverse(text: str) -> None:
    source = SourceText(text)
    for offset in range(len(text) + 1):
        place = source.location(offset)
        assert place.offset == offset
        assert source.offset(place.row, place.column) == offset
        assert 1 <= place.row <= source.row_count


@given(TEXTS)
def test_lines_are_those_of_a_text_file_with_universal_newlines(text: str) -> None:
    lines = io.StringIO(text, newline=None).read().split("\n")
    source = SourceText(text)
    assert [source.line(row) for row in range(1, source.row_count + 1)] == lines


@given(TEXTS)
def test_every_text_survives_its_bytes(text: str) -> None:
    source = SourceText.decode(text.encode())
    assert source.text == text
    assert source.encode(source.text) == text.encode()


@pytest.mark.parametrize("text", ["", "x", "x\n", "x\r", "\n", "\r\n", "\r\r\n"])
def test_the_row_after_a_last_newline_counts(text: str) -> None:
    source = SourceText(text)
    assert source.row_count == len(io.StringIO(text, newline=None).read().split("\n"))
    assert source.line(source.row_count) == "" or text == "x"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import torch\nx = 1\n# coding: latin-1\n", "\n# coding: latin-1\n"),
        ("import torch\nx = 1\n# coding: base64\n", "# coding: base64\n"),
        ("# coding: latin-1\nx = 1\n", "x = 1\nimport torch\n# coding: latin-1\n"),
    ],
)
def test_a_text_that_declares_another_encoding_is_refused(before: str, after: str) -> None:
    source = SourceText.decode(before.encode())
    assert source.encode(before) == before.encode()
    with pytest.raises(EncodeError, match="come to declare another encoding"):
        source.encode(after)
