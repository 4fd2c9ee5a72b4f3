from __future__ import annotations

import json
import os
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.reports import TEXTS
from torchdet.report.characters import json_text, printable, xml_text

# Unassigned, private and format characters aside, and no "::" or "##[" by chance.
ORDINARY = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters=":#"))


@given(ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert printable(text) == xml_text(text) == text
    assert json.loads(json_text(text)) == text


@given(TEXTS)
def test_printable_text_stays_on_its_line_and_steers_nothing(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")
    kinds = {unicodedata.category(character) for character in shown}
    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\x3a:error::x"),
        (" \u3000::set-output name=a::b", " \u3000\\x3a:set-output name=a::b"),
        ("a::b", "a::b"),
        ("x ##[error]y", "x \\x23#[error]y"),
        ("##[##[##vso[task.setvariable]", "\\x23#[\\x23#[\\x23#vso[task.setvariable]"),
        ("##VSO[task]", "\\x23#VSO[task]"),
        ("## heading [1]", "## heading [1]"),
        ("\u200b\u2060\U000e0001\u00ad", "\\u200b\\u2060\\U000e0001\\xad"),
    ],
)
def test_commands_of_ci_services_are_only_text(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_is_ascii_that_every_reader_takes_and_keeps_the_data(value: object) -> None:
    text = json_text(value)
    assert text.isascii()
    assert "##[" not in text
    read = json.loads(text)
    json.dumps(read, ensure_ascii=False).encode("utf-8")
    if not any("\ud800" <= character <= "\udfff" for character in _characters(value)):
        assert read == value


def _characters(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@given(TEXTS)
def test_xml_text_can_be_parsed(text: str) -> None:
    element = ET.Element("text")
    element.text = xml_text(text)
    ET.fromstring(ET.tostring(element, encoding="unicode"))


def test_bytes_of_a_file_name_show_their_values() -> None:
    path = os.fsdecode(b"caf\xe9.py")
    assert printable(path) == json.loads(json_text(path)) == "caf\\xe9.py"
    assert printable("a\nb\x1b[31m\u202e") == "a\\nb\\x1b[31m\\u202e"
