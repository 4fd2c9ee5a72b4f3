"""Edits by node become edits of text, on real files and hard cases."""

from __future__ import annotations

import ast
from pathlib import Path

import libcst as cst
import pytest

from torchdet.edit.apply import apply_fixes
from torchdet.edit.lower import edited_nodes, lower_fix
from torchdet.edit.node_edit import (
    InsertAfter,
    InsertArgument,
    InsertBefore,
    NodeEdit,
    NodeFix,
    Replace,
)
from torchdet.edit.verify import fault_of_edits
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.locate import locate
from torchdet.facts.walk import descendants
from torchdet.model.fix import Applicability, Fix
from torchdet.model.source import SourceText

ROOT = Path(__file__).parents[2]
CONSTANTS = {"True", "False", "None"}  # names to LibCST
FILES = sorted(ROOT.glob("src/torchdet/[fme]*/*.py"))[::4]

ODD = [
    "x = (\n    torch . cuda  # comment\n)\n",
    "\ufeffx = 1\n".removeprefix("\ufeff"),
    "x\t=\t[ a ,\n# comment\n b ]\r\nif x :\r\n\ty = 'é🎉' ; z = y\r",
    "def f( a : int = 1 , * , b ) -> c : return a\n\f\nclass A : pass",
    "x = a + \\\n    b\nx = f'{a!r:>{b}}' f\"{c}\"\n",
    "@ a . b\n\n# comment\ndef f():\n    '''doc\n    string'''\n\n\n",
    "x = 1 if a else 2;y = lambda b : b ;",
    "",
    "\n\n# only a comment",
]


def lower(text: str, *edits: NodeEdit) -> Fix | None:
    facts = parse(text)
    fix = NodeFix("Fix it", Applicability.SAFE, edits)
    positions = locate(facts.module, text, set(edited_nodes(fix)), facts.index.parents)
    return lower_fix(fix, positions, facts)


def parse(text: str) -> FileFacts:
    return FileFacts.parse(SourceText(text), Wanted(frozenset({"Name", "Call", "Arg"})))


def squeezed(text: str) -> str:
    return "".join(text.split())


def expressions(module: cst.Module) -> list[cst.BaseExpression]:
    return [node for node in descendants(module) if isinstance(node, cst.BaseExpression)]


@pytest.mark.parametrize("text", [*ODD, *(path.read_text(encoding="utf-8") for path in FILES)])
def test_every_expression_replaced_by_its_own_code_changes_nothing(text: str) -> None:
    facts = parse(text)
    source, module = facts.source, facts.module
    nodes = expressions(module)
    positions = locate(module, text, nodes, {})
    assert positions.faithful
    for node in nodes:
        start, end = positions.spans[node]
        code, own = squeezed(module.code_for_node(node)), squeezed(text[start:end])
        comma = isinstance(node, cst.StarredElement)  # which it owns, and its place does not
        assert own == code or ((node.lpar or comma) and own in code)
        fix = lower_fix(NodeFix("", Applicability.SAFE, (Replace(node, ""),)), positions, facts)
        assert fix is not None
        (edit,) = fix.edits
        assert (edit.span.start.offset, edit.span.end.offset) == (start, end)
        assert edit.span.start == source.location(start)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_insertions_around_every_name_compose(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    facts = parse(text)
    names = [
        arg.value
        for call in facts.index.nodes.get("Call", ())
        if isinstance(call, cst.Call)
        for arg in call.args
        if isinstance(arg.value, cst.Name)
    ]
    positions = locate(facts.module, text, names, facts.index.parents)
    fixes = []
    for name in names:
        edits = (InsertAfter(name, ")"), InsertBefore(name, "f("))
        fixes.append(lower_fix(NodeFix("", Applicability.SAFE, edits), positions, facts))
    result = apply_fixes(text, [fix for fix in fixes if fix is not None])
    assert len(result.applied) == len(names)

    class Wrap(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.Call:
            self.generic_visit(node)
            wrapped = [self.wrap(arg) for arg in node.args]
            keywords = [ast.keyword(k.arg, self.wrap(k.value)) for k in node.keywords]
            return ast.Call(node.func, wrapped, keywords)

        def wrap(self, arg: ast.expr) -> ast.expr:
            inner = arg.value if isinstance(arg, ast.Starred) else arg
            constant = isinstance(inner, ast.Constant) and repr(inner.value) in CONSTANTS
            if not (isinstance(inner, ast.Name) or constant):
                return arg
            call = ast.Call(ast.Name("f", ast.Load()), [inner], [])
            return ast.Starred(call, ast.Load()) if isinstance(arg, ast.Starred) else call

    assert ast.dump(ast.parse(result.text)) == ast.dump(Wrap().visit(ast.parse(text)))


def test_edits_are_sorted_and_the_parentheses_of_a_node_stay() -> None:
    text = "x = f((a), b)\n"
    facts = parse(text)
    a, b = facts.index.nodes["Name"][-2:]
    fix = NodeFix("", Applicability.UNSAFE, (Replace(b, "c"), InsertAfter(a, " + 1")))
    lowered = lower_fix(fix, locate(facts.module, text, {a, b}, facts.index.parents), facts)
    assert lowered is not None
    assert lowered.applicability is Applicability.UNSAFE
    assert apply_fixes(text, [lowered]).text == "x = f((a + 1), c)\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("x = f()\n", "x = f(a)\n"),
        ("x = (f( )) + 1\n", "x = (f( a)) + 1\n"),
        ("x = f(  # comment\n)\n", "x = f(  # comment\na)\n"),
        ("x = f(g)(\n)\n", "x = f(g)(\na)\n"),
    ],
)
def test_an_argument_is_written_between_empty_parentheses(text: str, after: str) -> None:
    facts = parse(text)
    call = next(each for each in facts.index.nodes["Call"] if isinstance(each, cst.Call))
    fix = NodeFix("", Applicability.SAFE, (InsertArgument(call, "a"),))
    lowered = lower_fix(fix, locate(facts.module, text, {call}, facts.index.parents), facts)
    assert lowered is not None
    applied = apply_fixes(text, [lowered])
    assert applied.text == after
    assert fault_of_edits(text, after, lowered.edits) is None


def test_edits_that_overlap_are_no_fix() -> None:
    text = "x = f(a)\n"
    facts = parse(text)
    (call,) = facts.index.nodes.get("Call", ())
    a = facts.index.nodes["Name"][-1]
    fix = NodeFix("", Applicability.SAFE, (Replace(call, "g(a)"), Replace(a, "b")))
    assert lower_fix(fix, locate(facts.module, text, {call, a}, facts.index.parents), facts) is None


def test_a_tree_that_does_not_write_back_to_its_text_gives_no_fix() -> None:
    text = "x = f(a)\n"
    facts = parse(text)
    a = facts.index.nodes["Name"][-1]
    positions = locate(facts.module, f" {text}", {a}, facts.index.parents)
    assert not positions.faithful
    fix = NodeFix("", Applicability.SAFE, (Replace(a, "b"),))
    assert lower_fix(fix, positions, facts) is None
