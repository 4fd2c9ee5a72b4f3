"""What a file mentions, by CPython's own parser: a quick look in front of LibCST.

``ast`` is ten times faster than LibCST and knows neither comments nor white space. An `Outline`
over-approximates what the facts of a file say: whatever LibCST would find a rule called for is
among what the outline mentions, and more, since scopes and the order of statements are left out.
What it does not mention is certainly not there.

What this Python's ``ast`` cannot parse has no outline, nor has what it may read in another way
than LibCST does: results must not depend on the Python that runs torchdet.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from torchdet.facts.nesting import check_nesting
from torchdet.facts.syntax_tree import syntax_tree
from torchdet.model.source import SourceText
from torchdet.torch_api.public_names import star_exports

# LibCST counts rows differently here, or takes less than Python does.
_READ_DIFFERENTLY = re.compile(r"\f|\r(?!\n)|^[ \t]*\\\r?$", re.MULTILINE)
_DOTTED_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """A node with those around it, innermost first when iterated over."""

    node: ast.AST
    outer: Around | None

    def __iter__(self) -> Iterator[ast.AST]:
        link: Around | None = self
        while link is not None:
            yield link.node
            link = link.outer


@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    """An expression that may mean what a rule asks for, and what is around it.

    ``node`` is a string where the name stands in a string annotation, and longer than the name
    where more is read from it: ``torch.Tensor.dtype`` mentions ``torch.Tensor``.
    """

    node: ast.expr
    around: Around
    whole: bool = True

    @property
    def call(self) -> ast.Call | None:
        """The call whose function this is."""
        above = self.around.node
        called = self.whole and isinstance(above, ast.Call) and above.func is self.node
        return above if called and isinstance(above, ast.Call) else None


@dataclass(frozen=True, slots=True, eq=False)
class ImportMention:
    """An import statement; ``inside`` is the dotted name of the functions and classes around it.

    ``guards`` are the tests of the ``if`` statements in whose body it stands.
    """

    node: ast.Import | ast.ImportFrom
    inside: str
    guards: tuple[ast.expr, ...]

    @property
    def origin(self) -> str:
        """The module of a ``from`` import, a relative one with its dots; empty for a plain one."""
        if isinstance(self.node, ast.Import):
            return ""
        return "." * self.node.level + (self.node.module or "")

    @property
    def is_star(self) -> bool:
        """Whether it is ``from ... import *``."""
        return self.node.names[0].name == "*"

    def modules(self) -> Iterator[str]:
        """Every dotted name that it may load."""
        if isinstance(self.node, ast.Import):
            yield from (alias.name for alias in self.node.names)
        else:
            yield self.origin
            yield from (_below(self.origin, alias.name) for alias in self.node.names)

    def meanings(self) -> Iterator[tuple[str, str]]:
        """The names that it may bind, with those of a star, and the qualified name of each."""
        exports = star_exports(self.origin) if self.is_star else None
        yield from self.bindings() if exports is None else exports.items()

    def bindings(self) -> Iterator[tuple[str, str]]:
        """The names that it binds, each with the qualified name that it means."""
        for alias in self.node.names:
            if isinstance(self.node, ast.ImportFrom):
                yield alias.asname or alias.name, _below(self.origin, alias.name)
            elif alias.asname is not None:
                yield alias.asname, alias.name
            else:
                top = alias.name.partition(".")[0]
                yield top, top


def _below(origin: str, name: str) -> str:
    return f"{origin}{name}" if origin.endswith(".") else f"{origin}.{name}"


class Outline:
    """What one file mentions. ``outline_of`` is the way to make one.

    ``strings`` are the string literals, and the literal parts of f-strings. ``sets`` are the
    displays and comprehensions of sets. ``attributes`` holds what reads or writes an attribute, by
    its name. ``iterated`` is what loops and comprehensions go over. ``functions`` are the names of
    those that are defined. ``bound`` counts how often each name is bound, in whatever scope.
    """

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.strings: list[Mention] = []
        self.attributes: dict[str, list[Mention]] = {}
        self.iterated: list[ast.expr] = []
        self.functions: set[str] = set()
        self.imports: list[ImportMention] = []
        self.sets: list[Mention] = []
        self.bound: Counter[str] = Counter()
        self.uses: dict[str, list[Mention]] = {}
        """Where each name is read, as it is or at the beginning of a dotted one."""
        self.quoted: list[tuple[tuple[str, ...], Mention]] = []
        """The dotted names in string annotations."""
        self.assigned: list[tuple[str, tuple[str, ...]]] = []
        """The names that are given the value of a dotted name."""

    def imports_any(self, packages: Iterable[str]) -> bool:
        """Whether anything of one of the top-level ``packages`` is imported."""
        wanted = frozenset(packages)
        return any(
            module.partition(".")[0] in wanted
            for statement in self.imports
            for module in statement.modules()
        )

    def references(self, names: frozenset[str]) -> dict[str, list[Mention]]:
        """The expressions that may mean one of the qualified ``names``, by that name."""
        prefixes = _prefixes(names)
        meanings = self._meanings(prefixes)
        found: dict[str, list[Mention]] = {}

        def look_at(parts: tuple[str, ...], mention: Mention) -> None:
            for start in (*meanings.get(parts[0], ()), f"builtins.{parts[0]}"):
                name, last = start, len(parts) - 1
                for index in range(len(parts)):
                    name = f"{name}.{parts[index]}" if index else name
                    if name not in prefixes:
                        break
                    if name in names:
                        whole = mention if index == last else _beginning(mention)
                        found.setdefault(name, []).append(whole)

        for root, mentions in self.uses.items():
            if root in meanings or f"builtins.{root}" in prefixes:
                for mention in mentions:
                    look_at(dotted_parts(mention.node) or (root,), mention)
        for parts, mention in self.quoted:
            look_at(parts, mention)
        return found

    def meanings(self, node: ast.expr, names: frozenset[str]) -> set[str]:
        """Those of the qualified ``names`` that the expression ``node`` may mean."""
        parts = dotted_parts(node)
        if parts is None:
            return set()
        starts = self._meanings(_prefixes(names)).get(parts[0], set())
        return {name for start in starts if (name := ".".join((start, *parts[1:]))) in names}

    def _meanings(self, prefixes: frozenset[str]) -> dict[str, set[str]]:
        """The beginnings of wanted names that each local name may mean, through assignments."""
        meanings: dict[str, set[str]] = {}
        for statement in self.imports:
            for name, qualified in statement.meanings():
                if qualified in prefixes:
                    meanings.setdefault(name, set()).add(qualified)
        grown = bool(meanings)
        while grown:
            grown = False
            for name, parts in self.assigned:
                for start in tuple(meanings.get(parts[0], ())):
                    value = ".".join((start, *parts[1:]))
                    if value in prefixes and value not in meanings.get(name, ()):
                        meanings.setdefault(name, set()).add(value)
                        grown = True
        return meanings


def _beginning(mention: Mention) -> Mention:
    return Mention(mention.node, mention.around, whole=False)


@lru_cache(maxsize=256)
def _prefixes(names: frozenset[str]) -> frozenset[str]:
    """``names`` with every dotted beginning of each."""
    every: set[str] = set()
    for name in names:
        parts = name.split(".")
        every.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return frozenset(every)


def dotted_parts(node: ast.expr) -> tuple[str, ...] | None:
    """``("a", "b")`` for the expression ``a.b``, None for what is no dotted name.

    >>> dotted_parts(ast.parse("torch.nn", mode="eval").body)
    ('torch', 'nn')
    """
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return (node.id, *reversed(names))


def outline_of(source: SourceText) -> Outline | None:
    """The outline of ``source``; None where only LibCST can say what the text means."""
    if _READ_DIFFERENTLY.search(source.text) is not None:
        return None
    try:
        check_nesting(source.text)
        tree = syntax_tree(source.text)
        if tree is None:
            return None
        outline = Outline(source)
        _Walk(outline).run(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError, _ReadDifferentlyError):
        return None
    return outline


class _ReadDifferentlyError(Exception):
    """LibCST may read a node differently, or not at all."""


def text_offset(source: SourceText, row: int, column: int) -> int:
    """The offset of what ``ast`` says stands at ``row`` and ``column``, which counts bytes."""
    line = source.line(row)
    if not line.isascii():
        column = len(line.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))
    return source.offset(row, column + 1)


class _Walk:
    """The traversal that fills an outline: a stack of nodes, each with what is around it."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._stack: list[tuple[ast.AST, Around]] = []

    def run(self, tree: ast.Module) -> None:
        self._collect_imports(tree.body, "", ())
        self._push_children(tree, None)
        stack = self._stack
        while stack:
            node, around = stack.pop()
            try:
                handler = _HANDLERS[node.__class__]
            except KeyError:
                raise _ReadDifferentlyError(type(node).__name__) from None
            if handler is None:
                self._push_children(node, around)
            else:
                handler(self, node, around)

    def _push_children(self, node: ast.AST, around: Around | None) -> None:
        stack = self._stack
        within = Around(node, around)
        for name in node._fields:
            value = getattr(node, name)
            if value.__class__ is list:
                for child in value:
                    if isinstance(child, ast.AST):
                        stack.append((child, within))
            elif isinstance(value, ast.AST):
                stack.append((value, within))

    # Expressions.

    def _name(self, node: ast.Name, around: Around) -> None:
        # The target of an augmented assignment is read as well.
        self._outline.uses.setdefault(node.id, []).append(Mention(node, around))
        if node.ctx.__class__ is not ast.Load:
            self._outline.bound[node.id] += 1

    def _attribute(self, node: ast.Attribute, around: Around) -> None:
        attributes = self._outline.attributes
        current: ast.expr = node
        within = around
        while isinstance(current, ast.Attribute):
            attributes.setdefault(current.attr, []).append(Mention(current, within))
            within = Around(current, within)
            current = current.value
        if isinstance(current, ast.Name):
            self._outline.uses.setdefault(current.id, []).append(Mention(node, around))
        else:
            self._stack.append((current, within))

    def _constant(self, node: ast.Constant, around: Around) -> None:
        if isinstance(node.value, str):
            self._outline.strings.append(Mention(node, around))

    def _set(self, node: ast.expr, around: Around) -> None:
        self._outline.sets.append(Mention(node, around))
        self._push_children(node, around)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.comprehension, around: Around) -> None:
        self._outline.iterated.append(node.iter)
        self._push_children(node, around)

    def _named_expr(self, node: ast.NamedExpr, around: Around) -> None:
        self._assign(node.target, node.value)
        self._push_children(node, around)

    # Statements.

    def _assignment(self, node: ast.Assign, around: Around) -> None:
        for target in node.targets:
            self._assign(target, node.value)
        self._push_children(node, around)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        while isinstance(value, ast.NamedExpr):
            value = value.value
        parts = dotted_parts(value)
        if parts is not None and isinstance(target, ast.Name):
            self._outline.assigned.append((target.id, parts))

    def _annotated_assignment(self, node: ast.AnnAssign, around: Around) -> None:
        if self._begins(node, "("):
            raise _ReadDifferentlyError("(name): annotation")
        if node.value is not None:
            self._assign(node.target, node.value)
        self._annotation(node.annotation, around)
        self._push_children(node, around)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: Around) -> None:
        self._outline.bound[node.name] += 1
        self._outline.functions.add(node.name)
        if node.returns is not None:
            self._annotation(node.returns, around)
        self._push_children(node, around)

    def _parameter(self, node: ast.arg, around: Around) -> None:
        self._outline.bound[node.arg] += 1
        if node.annotation is not None:
            self._annotation(node.annotation, around)
        self._push_children(node, around)

    def _annotation(self, annotation: ast.expr, around: Around) -> None:
        """Note the names in the strings of an annotation."""
        if isinstance(annotation, (ast.Name, ast.Attribute)):
            return
        for each in ast.walk(annotation):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                for match in _DOTTED_NAME.finditer(each.value):
                    parts = tuple(match[0].split("."))
                    self._outline.quoted.append((parts, Mention(each, around)))

    def _binds_its_name(self, node: ast.AST, around: Around) -> None:
        """Of a class, a handler or a pattern."""
        for field in ("name", "rest"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                self._outline.bound[name] += 1
        self._push_children(node, around)

    def _handler(self, node: ast.ExceptHandler, around: Around) -> None:
        caught = node.type
        # Only Python 3.14 takes ``except A, B:``, and no tree tells it apart.
        if isinstance(caught, ast.Tuple) and not self._begins(caught, "("):
            raise _ReadDifferentlyError("except A, B")
        self._binds_its_name(node, around)

    def _begins(self, node: ast.expr | ast.stmt, text: str) -> bool:
        source = self._outline.source
        return source.text.startswith(text, text_offset(source, node.lineno, node.col_offset))

    # Imports.

    def _import(self, _node: ast.AST, _around: Around) -> None:
        """They were collected before."""

    def _collect_imports(
        self, body: Iterable[ast.stmt], inside: str, guards: tuple[ast.expr, ...]
    ) -> None:
        for statement in body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                if getattr(statement, "is_lazy", 0):
                    raise _ReadDifferentlyError("lazy import")
                mention = ImportMention(statement, inside, guards)
                self._outline.imports.append(mention)
                self._outline.bound.update(name for name, _ in mention.bindings())
            elif isinstance(statement, ast.If):
                self._collect_imports(statement.body, inside, (*guards, statement.test))
                self._collect_imports(statement.orelse, inside, guards)
            elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                within = f"{inside}.{statement.name}" if inside else statement.name
                self._collect_imports(statement.body, within, guards)
            else:
                for block in _blocks(statement):
                    self._collect_imports(block, inside, guards)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(statement, field, [])
    for field in ("handlers", "cases"):
        for clause in getattr(statement, field, ()):
            yield clause.body


# Node types of which nothing is noted; those of later Pythons are not among them.
_PLAIN = """
Add And AsyncWith Assert AugAssign Await BinOp BitAnd BitOr BitXor BoolOp Break Call
Compare Continue Del Delete Dict DictComp Div Eq Expr FloorDiv FormattedValue GeneratorExp
Global Gt GtE If IfExp In Invert Is IsNot JoinedStr LShift Lambda List ListComp Load Lt LtE
MatMult MatchClass MatchOr MatchSequence MatchSingleton MatchValue Match Mod Mult Nonlocal Not
NotEq NotIn Or ParamSpec Pass Pow RShift Raise Return Slice Starred Store Sub Subscript Try TryStar
Tuple TypeAlias TypeVar TypeVarTuple UAdd USub UnaryOp While With Yield YieldFrom arguments
keyword match_case withitem
"""
_NOTED: dict[str, Callable[..., None]] = {
    "AnnAssign": _Walk._annotated_assignment,
    "Assign": _Walk._assignment,
    "AsyncFor": _Walk._loop,
    "AsyncFunctionDef": _Walk._function,
    "Attribute": _Walk._attribute,
    "ClassDef": _Walk._binds_its_name,
    "Constant": _Walk._constant,
    "ExceptHandler": _Walk._handler,
    "For": _Walk._loop,
    "FunctionDef": _Walk._function,
    "Import": _Walk._import,
    "ImportFrom": _Walk._import,
    "MatchAs": _Walk._binds_its_name,
    "MatchMapping": _Walk._binds_its_name,
    "MatchStar": _Walk._binds_its_name,
    "Name": _Walk._name,
    "NamedExpr": _Walk._named_expr,
    "Set": _Walk._set,
    "SetComp": _Walk._set,
    "arg": _Walk._parameter,
    "comprehension": _Walk._loop,
}
_HANDLERS: dict[type, Callable[..., None] | None] = {
    getattr(ast, name): _NOTED.get(name)
    for name in (*_PLAIN.split(), *_NOTED)
    if hasattr(ast, name)
}
