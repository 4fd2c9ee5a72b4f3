"""The map over the code of this project: nothing raises, and each use has an answer."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.walk import descendants
from torchdet.model.source import SourceText

PACKAGE = Path(__file__).parents[3] / "src" / "torchdet"
FILES = sorted((PACKAGE / "facts" / "flow").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_name_and_call_has_an_answer(path: Path) -> None:
    facts = FileFacts.parse(SourceText.decode(path.read_bytes()), Wanted())
    flow = facts.flow
    for name in flow.names():
        reaching = flow.definitions(name)
        assert not reaching.unknown
        if flow.order.runs(name) and facts.bindings(name):
            assert reaching.definitions, name.value
    for node in descendants(facts.module):
        if isinstance(node, cst.Call):
            flow.conditions(node)
            flow.reaches(node)
            for arg in node.args:
                assert flow.sources(arg.value).every
