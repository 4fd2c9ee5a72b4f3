"""Edits are trusted when the structure changes only where they were made."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edit.edits import read_edits
from torchdet.edit.apply import apply_fixes
from torchdet.edit.libcst_tree import parse_libcst
from torchdet.edit.structure import first_difference
from torchdet.edit.verify import fault_of_edits
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Span
from torchdet.model.source import SourceText

HARMLESS = [
    "x = a + ⟦b→c.d⟧\n",
    "torch.⟦cuda.synchronize→accelerator.synchronize⟧()\n",
    "⟦torch.cuda.synchronize→torch.accelerator.synchronize⟧()\n",
    "from ⟦torch.cuda.amp→torch.amp⟧ import autocast\n",
    "from torch.cuda.amp import ⟦autocast→autocast as cast⟧, b\n",
    "import a⟦→, b⟧\n",
    "f(a⟦→, map_location='cpu'⟧)\n",
    "f(⟦→'cuda', ⟧a, *b)\n",
    "f(⟦a→b, c⟧, **d)\n",
    "f(⟦a, →⟧b)\n",
    "f(⟦→'cuda', enabled=⟧a.b, ⟦→dtype=⟧c, d=e)\n",
    "f(a, ⟦b=→⟧c, *d, **e)\n",
    "f(⟦a→⟧)\n",
    "@torch.autocast⟦→(device_type='cuda')⟧\ndef f(): pass\n",
    "@⟦torch.cuda.amp.custom_fwd→torch.amp.custom_fwd⟧⟦→(device_type='cuda')⟧\ndef f(): pass\n",
    "x = y.⟦cuda→to⟧(⟦→device, ⟧non_blocking=z)\n",
    "x = ⟦→rt.device_for(⟧args.device⟦→)⟧ + 1\n",
    "x = a * (⟦→f(⟧b + c⟦→)⟧)\n",
    "x = (⟦a, b→c⟧)\n",
    "x = ⟦(a, b)→c⟧\n",
    "x = (⟦a→b, c⟧).d\n",
    "x = f(⟦a for a in b→c⟧)\n",
    "x = f(⟦a→b for b in c⟧)\n",
    "x = (a⟦,→⟧)\n",
    "x = (⟦a→(b if c else d)⟧)\n",
    "x = a and ⟦b→c and d⟧\n",
    "⟦x = 1→y = 2; z = 3⟧\nw\n",
    "if a:\n    ⟦b→pass⟧\nelse:\n    c\n",
    "⟦→import b\n⟧import a\n",
    "import a⟦→\nimport b⟧\nc\n",
    "import a\n⟦import b\n→⟧c\n",
    "with ⟦a→b⟧ as c, d:\n    pass\n",
    "[⟦a→b⟧ for c in ⟦d→e⟧ if f]\n",
    "def f(a⟦: 'torch.cuda.FloatTensor'→: 'torch.Tensor'⟧, *, b=⟦1→2⟧): return a\n",
    "def f(⟦→a⟧): pass\n",
    "x = ⟦1→1.0⟧\n",
    "x = 'é🎉', ⟦a→ü⟧, 'é'\n",
    "x = f'{a⟦.cuda→.b⟧} é', c\n",
    "é = ⟦a→b⟧\r\ny = c\rz = ⟦d→e⟧\r\n",
    "class A(⟦B→C⟧, metaclass=D):\n    def f(self):\n        '''doc'''\n",
    "match a:\n    case B(c=⟦1→2⟧) | None:\n        ⟦d→e⟧\n",
    "@a\n@⟦b→c⟧\nclass D: pass\n",
    "def f():\n    global a\n    ⟦b→c⟧\n",
    "x = a if ⟦b→c⟧ else d\n\x0c\ny = 1\n",
]

HARMFUL = [
    "x = a + ⟦b→c if d else e⟧\n",
    "x = a * ⟦b→c + d⟧\n",
    "x = a + ⟦b→c + d⟧\n",
    "x = a < ⟦b→c < d⟧\n",
    "x = a and ⟦b→c or d⟧\n",
    "x = -⟦a→b + c⟧\n",
    "x = ⟦a→b + c⟧.d\n",
    "x = ⟦(a)→b + c⟧ * d\n",
    "x = ⟦(a, b)→not a⟧.c\n",
    "x = not ⟦a→b if c else d⟧\n",
    "x = a + b⟦→ if c else d⟧\n",
    "x = lambda: ⟦a→b, c⟧\n",
    "x = a ⟦+→**⟧ b * c\n",
    "f(a⟦→ if b else c⟧ + d)\n",
    "f(a + b⟦→ if c else d⟧)\n",
    "x = ⟦a→b # ⟧ + c\ny\n",
    "x = ⟦a→'''⟧\ny = 1 #'''\n",
    "if a:\n    b\n⟦→    ⟧c\n",
    "if a:\n    b\n⟦→else:\n    ⟧c\n",
    "for a in b:\n    ⟦c→d\nelse:\n    e⟧; f\n",
    "x = a⟦→\\⟧\n+ b\n",
]

BROKEN = ["f(⟦a→b=1⟧, c)\n", "⟦a→b c⟧\n", "def f(⟦a→b=1⟧, c): pass\n", "f(a=1⟦→, a=2⟧)\n"]


@pytest.mark.parametrize("marked", HARMLESS)
def test_what_was_meant_is_trusted(marked: str) -> None:
    before, after, edits = read_edits(marked)
    assert fault_of_edits(before, after, edits) is None


@pytest.mark.parametrize("marked", HARMFUL)
def test_an_edit_that_takes_its_surroundings_along_is_not(marked: str) -> None:
    before, after, edits = read_edits(marked)
    ast.parse(after)
    assert "where no edit was made" in (fault_of_edits(before, after, edits) or "")


@pytest.mark.parametrize("marked", BROKEN)
def test_text_that_does_not_compile_is_not(marked: str) -> None:
    fault = fault_of_edits(*read_edits(marked))
    assert fault is not None
    assert "does not parse" in fault


@pytest.mark.parametrize("marked", [m for m in HARMLESS if "c and d" not in m])
def test_libcst_trusts_the_same(marked: str) -> None:
    """But for chains of ``and``, which Python's tree flattens and LibCST's does not."""
    before, after, edits = read_edits(marked)
    assert first_difference(parse_libcst(before), parse_libcst(after), before, edits) is None


@pytest.mark.parametrize("marked", HARMFUL)
def test_libcst_distrusts_the_same(marked: str) -> None:
    before, after, edits = read_edits(marked)
    assert first_difference(parse_libcst(before), parse_libcst(after), before, edits) is not None


def test_what_python_cannot_parse_is_left_to_libcst() -> None:
    prefix = "x = '\\N{no such character}'\n"  # LibCST does not look that up
    before, after, edits = read_edits(f"{prefix}y = a + ⟦b→c⟧\n")
    with pytest.raises(SyntaxError):
        ast.parse(before)
    assert fault_of_edits(before, after, edits) is None
    before, after, edits = read_edits(f"{prefix}y = a + ⟦b→c if d else e⟧\n")
    assert "row 2" in (fault_of_edits(before, after, edits) or "")
    before, after, edits = read_edits(f"{prefix}y = a + ⟦b→c d⟧\n")
    assert "does not parse" in (fault_of_edits(before, after, edits) or "")


def test_warnings_about_the_code_are_not_ours(recwarn: pytest.WarningsRecorder) -> None:
    assert fault_of_edits(*read_edits("x = '\\d' is ⟦1→2⟧\n")) is None
    assert not recwarn.list


SNIPPETS = st.sampled_from(
    ["a", "a.b", "f(a)", "a + b", "a if b else c", "(a, b)", "a, b", "not a", "*a", "lambda: a",
     "a := b", "yield a", "a and b", "a or b", "a < b", "-a", "a ** b", "[a]", "'a'", "a=1",
     "(a)", "( (a + b) )"]
)  # fmt: skip
SHAPES = st.sampled_from(
    ["x = {}\n", "x = a + {} * c\n", "f({}, b)\n", "x = ({}).b\n", "x = [{} for a in b]\n",
     "return_ = not {}\n", "x = a and {} or b\n", "x[{}] = y\n", "if {}: pass\n", "del a\n{}\n",
     "x = -{} ** 2\n", "x = {}.b\n", "x = lambda: {}\n", "with {} as a: pass\n", "x = a < {} < c\n"]
)  # fmt: skip


@settings(deadline=None)
@given(SHAPES, SNIPPETS, SNIPPETS)
def test_replacing_an_expression_is_trusted_iff_brackets_would_change_nothing(
    shape: str, old: str, new: str
) -> None:
    """The oracle: the new text means what it would mean with brackets around the replacement."""
    bracketed = shape.format(f"({new})")
    before, after, edits = read_edits(shape.format(f"⟦{old}→{new}⟧"))
    if not all(map(parses, (before, after, bracketed, shape.format(f"({old})")))):
        return
    if ast.dump(ast.parse(before)) != ast.dump(ast.parse(shape.format(f"({old})"))):
        return  # the old text was no node of its own: nothing that a fix may replace
    trusted = fault_of_edits(before, after, edits) is None
    same = ast.dump(ast.parse(after)) == ast.dump(ast.parse(bracketed))
    assert not trusted or same or "," in new or new in {"a and b", "a or b"}
    assert trusted or not same


def parses(text: str) -> bool:
    try:
        compile(text, "", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


FILES = sorted((Path(__file__).parents[2] / "src/torchdet").glob("[efm]*/*.py"))[::3]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_renaming_every_name_of_real_files_is_trusted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    source = SourceText(text)
    edits = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and source.line(node.lineno).isascii():
            start = source.offset(node.lineno, node.col_offset + 1)
            if text[start:].startswith(node.id):  # not so inside f-strings, before Python 3.12
                end = source.location(start + len(node.id))
                edits.append(TextEdit(Span(source.location(start), end), f"{node.id}_"))
    applied = apply_fixes(text, [Fix("Rename", Applicability.SAFE, (edit,)) for edit in edits])
    assert fault_of_edits(text, applied.text, edits) is None
    lost = edits[len(edits) // 2 :]
    if lost:
        assert fault_of_edits(text, applied.text, edits[: len(edits) // 2]) is not None
