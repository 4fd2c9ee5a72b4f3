"""The walk meets every node that matters, once, and knows what is above it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.walk import descendants
from torchdet.model.source import SourceText

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("src/torchdet/[fme]*/*.py"))[::3]

EVERYTHING = """
import a.b as c, d
from e.f import (g as h, i)
from .j import *
global_: k.l = m.n[o : p, ..., q]
k.l[r]: s = t
def f(u, /, v: w.x = y.z, *aa, bb=cc, **dd) -> ee["ff", gg]:
    global hh
    return [ii for jj, (kk, *ll) in mm.nn if oo for pp in qq], {**rr}, {*ss}, lambda *, tt=uu: vv
@ww.xx(yy, zz=ab, *ac, **ad)
class A(B, metaclass=C):
    (ae := af)
    del ag, (ah, ai.aj[ak]), al
    am, (an, *ao), ap.aq, ar[at] = au = av
    aw += ax; ay.az -= ba
    with bb as (bc, bd), be(bf) as bg.bh: pass
    for bi, bj.bk in bl: pass
    try: pass
    except (bm, bn) as bo: raise bp from bq
    match br:
        case bs.bt(bu, bv=bw) | {"bx": by, **bz} | [ca, *cb] as cc: assert cd, ce
    yield f"{cf!r:{cg}}" "ch" 'ci', await cj, not ck < cl + -cm, (cn if co else cp)()[cq].cr.cs(ct)
type D[T: cu] = list[cv]
def g[T, *U](cw: T, *cx: "cy", cz: Literal["da"], db: Callable[["dc"], dd] | None) -> "de": pass
x = a.b.c().d[0].e.f("dg").h
"""
LOOKED_AT = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Tuple, cst.List, cst.Param)
LOOKED_AT += (cst.Arg, cst.ImportAlias, cst.SimpleString, cst.CompFor, cst.StarredElement)
NO_EXPRESSION = (cst.ImportAlias, cst.AsName, cst.ImportFrom, cst.NameItem)


def no_expression(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Names that are neither read nor bound where they stand, and strings that are types."""
    above = facts.index.parents.get(node)
    if isinstance(node, cst.SimpleString):
        return any(use.node is node for uses in facts.index.uses.values() for use in uses)
    named = isinstance(above, (cst.Attribute, cst.FunctionDef, cst.ClassDef, cst.TypeAlias))
    typed = isinstance(above, (cst.TypeVar, cst.TypeVarTuple, cst.ParamSpec))
    return above is None or isinstance(above, NO_EXPRESSION) or named or typed


@pytest.mark.parametrize("text", [EVERYTHING, *(p.read_text(encoding="utf-8") for p in FILES)])
def test_rules_get_every_node_of_the_types_they_want_once(text: str) -> None:
    wanted = Wanted(frozenset(node_type.__name__ for node_type in LOOKED_AT))
    facts = FileFacts.parse(SourceText(text), wanted)
    met = Counter(node for nodes in facts.index.nodes.values() for node in nodes)
    assert set(met.values()) == {1}
    for node in descendants(facts.module):
        if isinstance(node, LOOKED_AT) and node not in met:
            assert no_expression(node, facts), facts.code(node)


@pytest.mark.parametrize("text", [EVERYTHING, *(p.read_text(encoding="utf-8") for p in FILES)])
def test_parents_are_parents(text: str) -> None:
    facts = FileFacts.parse(SourceText(text), Wanted())
    for node, parent in facts.index.parents.items():
        assert node in parent.children
        assert list(facts.ancestors(node))[-1] is facts.module


def test_attributes_are_found_on_any_object() -> None:
    wanted = Wanted(attributes=frozenset({"cuda"}))
    source = SourceText("a.cuda()\nf().cuda.cuda\n[x.cuda][0].cuda = cuda\ndel b.cuda\n")
    facts = FileFacts.parse(source, wanted)
    assert len(facts.index.attributes["cuda"]) == 6


@pytest.mark.parametrize("text", [EVERYTHING, *(p.read_text(encoding="utf-8") for p in FILES)])
def test_the_walk_skips_nothing_but_white_space_and_punctuation(text: str) -> None:
    """Against the children that LibCST itself names."""
    module = cst.parse_module(text)
    seen = set(descendants(module))
    skipped = Counter[str]()
    pending: list[cst.CSTNode] = [module]
    while pending:
        node = pending.pop()
        for child in node.children:
            if child in seen:
                pending.append(child)
            else:
                skipped[type(child).__name__] += 1
    operators = {n for n in dir(cst) if isinstance(getattr(cst, n), type)} & set(skipped)
    for name in operators:
        kind = getattr(cst, name)
        punctuation = (cst.BaseBinaryOp, cst.BaseBooleanOp, cst.BaseCompOp, cst.BaseUnaryOp)
        punctuation += (cst.BaseAugOp, cst.BaseParenthesizableWhitespace, cst.Comma, cst.Colon)
        punctuation += (cst.Semicolon, cst.EmptyLine, cst.TrailingWhitespace, cst.AssignEqual)
        punctuation += (cst.Dot, cst.Newline, cst.Comment, cst.Asynchronous, cst.ParamSlash)
        brackets = {"Paren", "Bracket", "Curly"}
        assert issubclass(kind, punctuation) or any(word in name for word in brackets), name
