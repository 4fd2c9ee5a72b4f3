"""Fixes that would lose a comment or break an f-string are known before they are made."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.edit.lossless import is_lossless
from torchdet.edit.node_edit import InsertAfter, NodeFix, Replace
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.fix import Applicability
from torchdet.model.source import SourceText


def lossless(text: str, new: str, *, insert: bool = False) -> bool:
    """Whether the one call in ``text`` can be replaced by (or followed by) ``new``."""
    facts = FileFacts.parse(SourceText(text), Wanted(frozenset({"Call"})))
    [call] = facts.index.nodes["Call"]
    assert isinstance(call, cst.Call)
    edit = InsertAfter(call, new) if insert else Replace(call, new)
    return is_lossless(NodeFix("", Applicability.SAFE, (edit,)), facts)


def test_comments_stay() -> None:
    commented = "x = f(\n    a,  # the first\n    b,\n)\n"
    assert not lossless(commented, "g(a, b)")
    assert lossless(commented, "g(\n    a,  # the first\n    b)")
    assert lossless(commented, ".c", insert=True)
    assert lossless("x = f(a)  # after\n", "g(a)")
    assert lossless("x = f('# no comment')\n", "g(a)")


@pytest.mark.parametrize(
    ("text", "new", "kept"),
    [
        ("f'{a()}'\n", '"b"', True),
        ("f'{a()}'\n", "'b'", False),
        ('f"{a()}"\n', '"b"', False),
        ('f"""{a()}"""\n', '"b"', True),
        ('f"""{a()}"""\n', '"""b"""', False),
        ('f"""{a()}"""\n', "(b,\nc)", True),
        ('f"{a()}"\n', "(b,\nc)", False),
        ('f"{a()}"\n', "b[chr(92)]", True),
        ('f"{a()}"\n', "'\\t'", False),
        ("f'''{b:{f\"{a()}\"}}'''\n", '"c"', False),
        ("'a' f'{b}', a()\n", "'c'", True),
    ],
)
def test_strings_that_older_pythons_could_read_stay_so(text: str, new: str, kept: bool) -> None:
    assert lossless(text, new) is kept
