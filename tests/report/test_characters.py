from __future__ import annotations

import os
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tests.report.reports import TEXTS
from torchdet.report.characters import printable, well_formed, xml_text


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert printable(text) == well_formed(text) == xml_text(text) == text


@given(TEXTS)
def test_printable_text_stays_on_its_line(text: str) -> None:
    assert len(printable(text).splitlines()) <= 1
    printable(text).encode("utf-8")


@given(TEXTS)
def test_well_formed_text_is_unicode_and_keeps_everything_else(text: str) -> None:
    well_formed(text).encode("utf-8")
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert well_formed(text) == text


@given(TEXTS)
def test_xml_text_can_be_parsed(text: str) -> None:
    element = ET.Element("text")
    element.text = xml_text(text)
    ET.fromstring(ET.tostring(element, encoding="unicode"))


def test_bytes_of_a_file_name_show_their_values() -> None:
    path = os.fsdecode(b"caf\xe9.py")
    assert printable(path) == well_formed(path) == "caf\\xe9.py"
    assert printable("a\nb\x1b[31m\u202e") == "a\\nb\\x1b[31m\\u202e"
