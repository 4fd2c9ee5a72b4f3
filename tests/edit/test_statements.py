"""Statements are deleted, replaced and put in without hurting what stands around them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torchdet.edit.apply import apply_fixes
from torchdet.edit.lower import deleted_nodes, edited_nodes, lower_fix
from torchdet.edit.node_edit import (
    Delete,
    NodeEdit,
    NodeFix,
    ReplaceStatement,
    StatementsAfter,
    StatementsBefore,
)
from torchdet.edit.statements import is_pragma
from torchdet.edit.verify import fault_of_edits
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.locate import locate
from torchdet.facts.tokens import comments
from torchdet.facts.walk import descendants
from torchdet.model.fix import Applicability, Fix
from torchdet.model.source import SourceText


def parse(text: str) -> FileFacts:
    return FileFacts.parse(SourceText(text), Wanted())


def lower(facts: FileFacts, fixes: Sequence[NodeFix]) -> list[Fix]:
    nodes = {node for fix in fixes for node in edited_nodes(fix)}
    positions = locate(facts.module, facts.source.text, nodes, facts.index.parents)
    gone = deleted_nodes(fixes)
    lowered = [lower_fix(fix, positions, facts, gone) for fix in fixes]
    return [fix for fix in lowered if fix is not None]


def edit(facts: FileFacts, *edits: NodeEdit, together: bool = True) -> str:
    """The text after ``edits``, which must be trusted; as one fix, or as one each."""
    groups = [edits] if together else [(each,) for each in edits]
    fixes = [NodeFix("", Applicability.SAFE, tuple(group)) for group in groups]
    applied = apply_fixes(facts.source.text, lower(facts, fixes))
    assert not applied.skipped
    made = [each for fix in applied.applied for each in fix.edits]
    assert fault_of_edits(facts.source.text, applied.text, made) is None
    return applied.text


def simple(facts: FileFacts) -> list[cst.CSTNode]:
    """The simple statements, in the order of the text."""
    return [each for each in descendants(facts.module) if isinstance(each, cst.BaseSmallStatement)]


DELETED = {
    "a\nb\nc\n": "a\nc\n",
    "a\nb": "a\n",
    "a\n    # about b\n\nb\nc\n": "a\n    # about b\n\nc\n",
    "a\n\nb\n\nc\n": "a\n\nc\n",
    "a\n\nb\n\n\ndef f(): pass\n": "a\n\n\ndef f(): pass\n",
    "a\n\n\nb\n": "a\n",
    "a\nb  # why b\nc\n": "a\n# why b\nc\n",
    "a\nb  # noqa: F401\nc\n": "a\nc\n",
    "a\nb  # type: ignore[x]  # pylint: disable=y\nc\n": "a\nc\n",
    "a\nb  # noqa: F401 (for its effects)\nc\n": "a\n# noqa: F401 (for its effects)\nc\n",
    "a; b; c\n": "a; c\n",
    "a; b ;\n": "a ;\n",
    "a; b  # kept\n": "a  # kept\n",
    "a ; \\\n  b\n": "a\n",
    "if a: b\n": "if a: pass\n",
    "if a:\n    b\n": "if a:\n    pass\n",
    "if a:\n    b  # why\nelse:\n    c\n": "if a:\n    pass  # why\nelse:\n    c\n",
    "if a:\n\tb\n\n\tc\n": "if a:\n\tc\n",
    "a\r\nb\r\nc\r\n": "a\r\nc\r\n",
    "a\n(b(  # one\n    2,  # two\n))\nc\n": "a\n# one\n# two\nc\n",
    "a\n\x0c\nb\n": "a\n",
}


@pytest.mark.parametrize(("before", "after"), DELETED.items())
def test_deleting_the_second_statement(before: str, after: str) -> None:
    facts = parse(before)
    second = [each for each in simple(facts) if not isinstance(each, cst.Pass)]
    named = [each for each in second if "b" in facts.code(each)]
    assert edit(facts, Delete(named[0])) == after


def test_of_a_block_that_loses_all_of_its_statements_the_first_becomes_pass() -> None:
    facts = parse("if a:\n    b\n    c\n\n    d  # why\ne\n")
    b, c, d, _ = simple(facts)
    expected = "if a:\n    pass\n    # why\ne\n"
    assert edit(facts, Delete(b), Delete(c), Delete(d), together=False) == expected
    assert edit(facts, Delete(b), Delete(d), together=False) == "if a:\n    c\n\n    # why\ne\n"


def test_deleting_neighbours_leaves_the_blank_rows_of_one_gap() -> None:
    facts = parse("a\n\nb\nc\n\nd\n")
    _, b, c, _ = simple(facts)
    assert edit(facts, Delete(b), Delete(c), together=False) == "a\n\nd\n"


def test_what_is_put_below_a_deleted_statement_keeps_its_blank_rows() -> None:
    facts = parse("a\n\nb\n\nc\n")
    _, b, _ = simple(facts)
    below = StatementsAfter(facts.parent(b), ("d", "", "e"))
    assert edit(facts, Delete(b, tidy=False), below) == "a\n\nd\n\ne\n\nc\n"


def test_deleting_a_compound_statement_keeps_its_comments() -> None:
    facts = parse("a\n@b  # one\ndef f():\n    # two\n    return 1  # noqa\nc\n")
    assert edit(facts, Delete(facts.module.body[1])) == "a\n# one\n# two\nc\n"


def test_replacing_a_statement_by_rows() -> None:
    facts = parse("def f():\n    a(  # why\n        1)  # noqa\n    b; c\n")
    a, b, c = simple(facts)
    rows = ("d", "", "if e:", "    g")
    after = edit(facts, ReplaceStatement(a, rows), ReplaceStatement(c, ("h", "i")))
    assert after == "def f():\n    # why\n    d\n\n    if e:\n        g  # noqa\n    b; h; i\n"
    assert b is not c


def test_a_comment_inside_a_statement_that_shares_its_row_is_not_lost() -> None:
    facts = parse("a; b(  # why\n)\n")
    fix = NodeFix("", Applicability.SAFE, (ReplaceStatement(simple(facts)[1], ("c",)),))
    assert lower(facts, [fix]) == []


def test_putting_rows_before_and_after() -> None:
    facts = parse("# about f\n@a\ndef f():\n    b\n    c  # why\nd")
    definition, last = facts.module.body
    inner = facts.parent(simple(facts)[1])
    after = edit(
        facts,
        StatementsBefore(definition, ("e", "")),
        StatementsBefore(inner, ("g",)),
        StatementsAfter(last, ("h",)),
    )
    assert after == "# about f\ne\n\n@a\ndef f():\n    b\n    g\n    c  # why\nd\nh"


def test_pragmas() -> None:
    told = ["# noqa", "#noqa:E402,F401", "# type: ignore", "# isort: skip", "# nosec B404"]
    told += ["# pragma: no cover", "# noqa: E402  # type: ignore[attr-defined]", "# fmt: skip"]
    said = ["# noqa: E402 first", "# about noqa", "#", "# type: Tensor", "# TODO # noqa"]
    assert all(map(is_pragma, told))
    assert not any(map(is_pragma, said))


# Random programs and random edits of them.

SIMPLE = st.sampled_from(
    ["import torch", "a = 1", "f(\n  1,  # in brackets\n)", "x = '''#\n no comment'''", "del a",
     "from torch import (  # some\n    nn,\n    optim,  # more\n)", "pass", "y = a + \\\n   b",
     "'#'"]
)  # fmt: skip
COMMENT = st.sampled_from(["", "", "", "  # why", "  # noqa: F401", "\t#é"])
GAP = st.sampled_from(["", "", "", "\n", "\n\n", "# alone\n", "\n# alone\n\n"])
HEADER = st.sampled_from(
    ["if a:", "for a in b:", "def f(a, *b):", "class A:", "with a as b:", "try:", "@a\ndef g():"]
)


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> str:
    """Rows of statements; two spaces deeper, they are the body of another."""
    rows: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        rows.append(draw(GAP))
        kind = draw(st.integers(0, 5))
        if kind == 0 and depth < 2:
            header = draw(HEADER)
            body = indented(draw(blocks(depth + 1)))
            closing = f"except E:{draw(COMMENT)}\n  pass\n" if header == "try:" else ""
            rows.append(f"{header}{draw(COMMENT)}\n{body}{closing}")
        elif kind == 1:
            joined = "; ".join(draw(st.lists(st.sampled_from(["a", "b()", "c = 1"]), min_size=2)))
            rows.append(f"{joined}{draw(st.sampled_from(['', ';', ' ;']))}{draw(COMMENT)}\n")
        elif kind == 2:
            rows.append(f"if a: {draw(st.sampled_from(['b', 'b; c', 'b;']))}{draw(COMMENT)}\n")
        else:
            rows.append(f"{draw(SIMPLE)}{draw(COMMENT)}\n")
    return "".join(rows)


def indented(block: str) -> str:
    """The rows of ``block`` two spaces deeper, but for those inside a string."""
    return "".join(
        f"  {row}" if row.strip() and not row.startswith(" no comment") else row
        for row in block.splitlines(keepends=True)
    )


def comment_texts(text: str) -> list[str]:
    return sorted(text[start:end] for start, end in comments(text))


@settings(deadline=None, max_examples=300)
@given(blocks(), st.data())
def test_random_edits_of_random_programs(block: str, data: st.DataObject) -> None:
    newline = data.draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = block.replace("\n", newline)
    if data.draw(st.booleans()):
        text = text.rstrip()
    try:
        compile(text, "", "exec", dont_inherit=True)
    except SyntaxError:
        return
    facts = parse(text)
    statements = data.draw(st.lists(st.sampled_from(simple(facts)), unique=True, max_size=4))
    fixes = []
    for statement in statements:
        kind = data.draw(st.sampled_from(["delete", "untidy", "replace", "before", "after"]))
        row = facts.parent(statement)
        made: NodeEdit
        if kind in {"delete", "untidy"}:
            made = Delete(statement, tidy=kind == "delete")
        elif kind == "replace" or not isinstance(row, cst.SimpleStatementLine):
            made = ReplaceStatement(statement, ("new = 1", "new()"))
        elif kind == "after" and isinstance(facts.parent(row), cst.Module):
            made = StatementsAfter(row, ("new = 1", "", "new()"))
        else:
            made = StatementsBefore(row, ("if new:", "    new()"))
        kinds = {ReplaceStatement: "replace", StatementsBefore: "before", StatementsAfter: "after"}
        fixes.append(NodeFix(kinds.get(type(made), kind), Applicability.SAFE, (made,)))
    lowered = lower(facts, fixes)
    applied = apply_fixes(text, lowered)
    compile(applied.text, "", "exec", dont_inherit=True)
    edits = [each for fix in applied.applied for each in fix.edits]
    assert fault_of_edits(text, applied.text, edits) is None
    kept = [each for each in comment_texts(text) if not is_pragma(each)]
    assert [each for each in comment_texts(applied.text) if not is_pragma(each)] == kept
    if "\r" in text:
        assert "\n" not in applied.text.replace("\r\n", "")
    if len(applied.applied) == len(fixes):
        changed = dict(zip(statements, (fix.message for fix in fixes), strict=True))
        assert written(applied.text) == sorted(expected(facts, changed))


def written(text: str) -> list[str]:
    """The simple statements of ``text``, however they are laid out; ``pass`` does not count."""
    return sorted(
        ast.unparse(each)
        for each in ast.walk(ast.parse(text))
        if isinstance(each, ast.stmt) and not (hasattr(each, "body") or isinstance(each, ast.Pass))
    )


NEW = ["new = 1", "new()"]
WRITES = {"delete": [], "untidy": [], "replace": NEW, "before": ["new()"], "after": NEW}


def expected(facts: FileFacts, changed: dict[cst.CSTNode, str]) -> list[str]:
    """The simple statements that must be there after ``changed``."""
    found: list[str] = []
    for statement in simple(facts):
        kind = changed.get(statement)
        found += WRITES[kind] if kind is not None else []
        if kind in {None, "before", "after"}:
            found += written(facts.code(statement))
    return found
