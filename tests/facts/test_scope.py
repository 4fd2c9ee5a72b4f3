"""Scopes against Python's own symbol tables, on real files and on generated programs."""

from __future__ import annotations

import symtable
import sys
from collections import Counter
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.locate import locate
from torchdet.facts.scope import Scope, ScopeKind
from torchdet.model.source import SourceText

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/*.py")])

Key = tuple[str, int]
"""The name of a function or class, and its row."""


def parse(text: str) -> FileFacts:
    return FileFacts.parse(SourceText(text), Wanted())


def scopes_by_key(facts: FileFacts) -> dict[Key, Scope]:
    """The scopes of functions, lambdas and classes; those that share a row and name left out."""
    nodes = [n for n in facts.index.scopes if isinstance(n, (cst.FunctionDef, cst.ClassDef))]
    lambdas = [n for n in facts.index.scopes if isinstance(n, cst.Lambda)]
    spans = locate(facts.module, facts.source.text, [*nodes, *lambdas], facts.index.parents).spans
    keys = {node: (node.name.value, facts.source.location(spans[node][0]).row) for node in nodes}
    keys |= {node: ("lambda", facts.source.location(spans[node][0]).row) for node in lambdas}
    counts = Counter(keys.values())
    return {key: facts.index.scopes[node] for node, key in keys.items() if counts[key] == 1}


def tables(table: symtable.SymbolTable) -> list[symtable.SymbolTable]:
    return [table, *(inner for child in table.get_children() for inner in tables(child))]


def place(symbol: symtable.Symbol, table: symtable.SymbolTable) -> str:
    """Where Python looks for a name: in this scope, in a function around it, or globally."""
    if symbol.is_free():
        return "enclosing"
    if symbol.is_global():
        return "global"
    return "here" if symbol.is_local() else f"nowhere in {table.get_name()}"


def our_place(name: str, scope: Scope) -> str:
    owner = scope.owner(name)
    if owner is None or owner.kind is ScopeKind.MODULE:
        return "global"
    if owner is scope:
        return "here"
    return "in a class" if owner.kind is ScopeKind.CLASS else "enclosing"


def inlined_names(facts: FileFacts) -> dict[Scope, set[str]]:
    """What comprehensions bind, by the scope that Python 3.12 and newer inlines them into."""
    names: dict[Scope, set[str]] = {}
    for scope in facts.index.scopes.values():
        if scope.kind is ScopeKind.COMPREHENSION:
            around = next(s for s in scope.chain() if s.kind is not ScopeKind.COMPREHENSION)
            names.setdefault(around, set()).update(scope.bindings)
    return names


def compare(text: str) -> int:
    """Compare every symbol of every function and class; how many there were."""
    facts = parse(text)
    scopes, inlined = scopes_by_key(facts), inlined_names(facts)
    compared = 0
    for table in tables(symtable.symtable(text, "example.py", "exec")):
        scope = scopes.get((table.get_name(), table.get_lineno()))
        if scope is None or table.get_type() not in {"function", "class"}:
            continue
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if name.startswith((".", "_")):  # Python's own, and mangled names
                continue
            if sys.version_info >= (3, 12) and name in inlined.get(scope, ()):
                continue
            assert our_place(name, scope) == place(symbol, table), (name, table, text)
            compared += 1
    return compared


def test_files_of_this_project() -> None:
    assert sum(compare(path.read_text(encoding="utf-8")) for path in FILES[::4]) > 500


NAMES = ("a", "b", "c")
EXPRESSIONS = (
    "N",
    "N.x",
    "E.x(N)",
    "(N := E)",
    "(lambda N=E, *z: N)",
    "[E for N in E]",
    "{N: E for N in E for N in N if E}",
    "f'{E}'",
)
STATEMENTS = (
    "N = E",
    "N, (*N, x.y) = E",
    "N += E",
    "N: E = E",
    "del N",
    "global N",
    "nonlocal N",
    "import N.x",
    "from m import x as N",
    "E",
)
HEADERS = (
    "def f(N=E, /, *, y=E):",
    "def f(N, **z):",
    "async def N():",
    "class N(E, x=E):",
    "for N, N in E:",
    "with E as N, E:",
    "try: N\nexcept E as N: N\nif E:",
    "match E:\n    case [*N, {'k': E.x, **z}]: E\nwhile E:",
)


@st.composite
def filled(draw: st.DrawFn, templates: tuple[str, ...], depth: int = 1) -> str:
    """One of ``templates`` with a name for each N and an expression for each E."""
    text = ""
    for character in draw(st.sampled_from(templates)):
        if character == "N":
            text += draw(st.sampled_from(NAMES))
        elif character == "E":
            text += draw(filled(EXPRESSIONS if depth else EXPRESSIONS[:2], max(depth - 1, 0)))
        else:
            text += character
    return text


@st.composite
def blocks(draw: st.DrawFn, depth: int = 2) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        if depth and draw(st.booleans()):
            lines += draw(filled(HEADERS)).split("\n")
            lines += [f"    {line}" for line in draw(blocks(depth=depth - 1))]
        else:
            lines.append(draw(filled(STATEMENTS)))
    return lines


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(blocks())
def test_generated_programs(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    try:
        symtable.symtable(text, "example.py", "exec")
    except SyntaxError:  # such as `nonlocal` without a binding to mean
        assume(False)
    compare(text)


SCOPED = """
import a
def f(b: a.x, c=a.y, *, d: "a.z" = [a.q for a in a.p if a.r]) -> a.s:
    @a.t
    class C(a.u, m=a.v):
        a.w
        e = [a.k for g in a.l for h in a.m(g)]
        def g[T: a.n](self, t: T = lambda a=a.o: a.b) -> T:
            return {a: a for a in a} | (yield (a := 1))
        type A[S] = a.c[S]
        class D[S](a.d[S]): pass
    return f"{a.e:{a.f}}", {**a.g}, [*a.h], a.i[a.j:a.aa], lambda: a.bb
"""


@pytest.mark.parametrize("path", [None, *FILES[::7]], ids=str)
def test_the_scope_of_a_node_is_the_one_its_use_was_found_in(path: Path | None) -> None:
    """The walk hands scopes down; ``FileFacts.scope`` finds them from below."""
    facts = parse(path.read_text(encoding="utf-8") if path is not None else SCOPED)
    for use in (use for uses in facts.index.uses.values() for use in uses):
        assert facts.scope(use.node) is use.scope, use.parts


def test_every_node_of_the_tree_has_its_parent() -> None:
    facts = parse(SCOPED)
    for use in facts.index.uses["a"]:
        assert list(facts.ancestors(use.node))[-1] is facts.module
