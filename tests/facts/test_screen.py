"""An outline mentions whatever the facts of the file would have a rule called for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import PAGES, read_page
from torchdet.engine.references import references
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.parse import UnparseableError
from torchdet.facts.screen import outline_of, text_offset
from torchdet.findings.registry import all_rules, dispatch_table
from torchdet.model.source import SourceText

DISPATCH = dispatch_table(all_rules())
NAMES = frozenset(DISPATCH.names)
# These lead to torch in ways that an outline does not follow; it mentions them instead.
OTHER_WAYS = frozenset(
    {
        "importlib.import_module",
        "torchdet.facade.torch",
        "torchdet.runtime.TorchHandle",
        "torchdet.runtime.apply_torch_runtime",
        "torchdet.runtime.get_torch_handle",
    }
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_no_reference_and_no_attribute_is_missing(page: Path) -> None:
    wanted = Wanted(frozenset(), frozenset(DISPATCH.attributes))
    for case in read_page(page):
        source = SourceText(case.source)
        outline = outline_of(source)
        if outline is None:
            continue
        try:
            facts = FileFacts.parse(source, wanted)
        except UnparseableError:
            continue
        mentioned = outline.references(NAMES | OTHER_WAYS)
        if OTHER_WAYS.isdisjoint(mentioned):
            assert {each.name for each in references(NAMES, facts)} <= set(mentioned), str(case)
        assert set(facts.index.attributes) <= set(outline.attributes), str(case)


def test_a_place_in_bytes_becomes_an_offset() -> None:
    source = SourceText("x = 1\ny = 'äö'; z = 2\n")
    offset = text_offset(source, 2, len("y = 'äö'; ".encode()))
    assert source.text[offset:].startswith("z = 2")
