"""What the text of one module says about seeding and training, function by function.

Modules that the checked file imports are read with Python's own parser, which takes a tenth of
LibCST's time: nothing is reported in them, so neither places nor white space matter. The checked
file is read the same way here, so that one code decides what seeds.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from torchdet.reading.randomness.streams import Stream, is_helper, seeded_by

MODULE = ""
"""The name of the block that holds what runs when the module is imported."""

MAIN = "__main__"
"""The name of the block that only runs when the module is started as a program."""


@dataclass(slots=True)
class Block:
    """A function or method with everything inside it, or the code outside of all functions.

    ``name`` is dotted for methods. ``uses`` are the names and attributes that it reads, ``calls``
    the last names of what it calls (and not merely decorates with or derives from), ``seeds`` the
    streams that it seeds by calls of known functions, ``helpers`` the last names of functions
    that seed, as their names say, and ``steps`` the methods called that training is made of.
    """

    name: str
    uses: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    seeds: set[Stream] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    parses_arguments: bool = False
    is_command: bool = False

    @property
    def last_name(self) -> str:
        """The name without the class's."""
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """The name of the class, with those around it; empty for functions."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Survey:
    """One module: its blocks by name, its classes, and the modules that it imports.

    ``imported`` gives each imported name's qualified name (with leading dots where relative). A
    module that this Python cannot parse is ``opaque``: it may do anything.
    """

    blocks: dict[str, Block]
    classes: frozenset[str] = frozenset()
    imported: dict[str, str] = field(default_factory=dict)
    opaque: bool = False


@lru_cache(maxsize=512)
def survey(data: bytes) -> Survey:
    """What the module with the bytes ``data`` says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
        return _Reader().read(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Survey({}, opaque=True)


_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|(?:[^\n#;\\]|\\\r?\n)*)"
    rb"|import[ \t]+((?:[^\n#;\\]|\\\r?\n)+))",
    re.MULTILINE,
)


@lru_cache(maxsize=512)
def imported_modules(data: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The modules that ``data`` may import, without parsing it, each with the names taken from it.

    Only the project knows which of the names are modules in their turn.

    >>> imported_modules(b"import torch, a.b as c\\nfrom .kit import seed as s\\n")
    (('torch', ()), ('a.b', ()), ('.kit', ('seed',)))
    """
    found: dict[tuple[str, tuple[str, ...]], None] = {}
    for origin, members, modules in _IMPORT.findall(data):
        if modules:
            for part in modules.split(b","):
                words = part.split()
                if words:
                    found[(_text(words[0]), ())] = None
        else:
            parts = re.sub(rb"#[^\n]*|[\\()]", b"", members).split(b",")
            names = (part.split()[0] for part in parts if part.split())
            found[(_text(origin), tuple(_text(name) for name in names))] = None
    return tuple(found)


def _text(name: bytes) -> str:
    return name.decode("ascii", "ignore")


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PARSERS = frozenset({"ArgumentParser", "HfArgumentParser", "parse_args", "parse_known_args"})
_COMMANDS = frozenset({"command", "group", "callback"})  # of click and typer
_RUNNERS = frozenset({"main", "hydra_main", "entrypoint"})
_NOT_TRAINED = re.compile(r"env|prof|sim|game|world|board|tqdm|bar|debugger", re.IGNORECASE)


_RUNNER = re.compile(r"[A-Z]|(launch|init|setup|configure|prepare|run|start|train)(_|$)")
_DATA = re.compile(r"Sampler|Generator|Split|Fold|Dataset|Loader|data|split|env")


class _Reader:
    """Goes through a tree once, and gathers blocks."""

    def __init__(self) -> None:
        self._blocks: dict[str, Block] = {MODULE: Block(MODULE), MAIN: Block(MAIN)}
        self._classes: set[str] = set()
        self._imported: dict[str, str] = {}
        self._calls: list[tuple[ast.Call, Block]] = []

    def read(self, tree: ast.Module) -> Survey:
        self._body(tree.body, self._blocks[MODULE], "")
        for call, block in self._calls:  # now that all imports are known
            self._call(call, block)
        return Survey(self._blocks, frozenset(self._classes), self._imported)

    def _imports(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self._imported[bound] = alias.name if alias.asname else bound
        else:
            origin = "." * node.level + (node.module or "")
            separator = "" if origin.endswith(".") else "."
            for alias in node.names:
                self._imported[alias.asname or alias.name] = f"{origin}{separator}{alias.name}"

    def _body(self, body: Iterable[ast.stmt], block: Block, prefix: str) -> None:
        """Statements outside of all functions: of the module or of a class."""
        for statement in body:
            if isinstance(statement, _FUNCTIONS):
                self._function(statement, block, prefix)
            elif isinstance(statement, ast.ClassDef):
                name = f"{prefix}{statement.name}"
                self._classes.add(name)
                for expression in (*statement.decorator_list, *statement.bases):
                    self._uses(expression, block)
                self._body(statement.body, block, f"{name}.")
            elif isinstance(statement, ast.If) and _is_main(statement.test):
                self._body(statement.body, self._blocks[MAIN], prefix)
            elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
                for part in ast.iter_child_nodes(statement):
                    if isinstance(part, ast.stmt):
                        self._body([part], block, prefix)
                    elif isinstance(part, ast.ExceptHandler):
                        self._body(part.body, block, prefix)
                    else:
                        self._code(part, block)
            else:
                self._code(statement, block)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: Block, prefix: str
    ) -> None:
        name = f"{prefix}{node.name}"
        block = self._blocks.setdefault(name, Block(name))
        for decorator in node.decorator_list:
            self._uses(decorator, around)
            block.is_command = block.is_command or _is_command(decorator)
        self._uses(node.args, around)
        for statement in node.body:
            self._code(statement, block)

    def _uses(self, root: ast.AST, block: Block) -> None:
        """The names below ``root`` into ``block``: a decorator, a base or a default uses them."""
        for node in _descendants(root):
            if type(node) is ast.Name:
                block.uses.add(node.id)
            elif type(node) is ast.Attribute:
                block.uses.add(node.attr)

    def _code(self, root: ast.AST, block: Block) -> None:
        """Everything below ``root``, nested functions and classes included, into ``block``."""
        for node in _descendants(root):
            if type(node) is ast.Name:
                block.uses.add(node.id)
            elif type(node) is ast.Attribute:
                block.uses.add(node.attr)
            elif isinstance(node, ast.Call):
                self._calls.append((node, block))
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self._imports(node)
            elif isinstance(node, ast.Assign):
                self._assignment(node)

    def _assignment(self, node: ast.Assign) -> None:
        """``torch = rt.torch`` makes ``torch`` what it is on the handle."""
        if isinstance(node.value, ast.Attribute):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == node.value.attr == "torch":
                    self._imported.setdefault("torch", "torch")

    def _call(self, node: ast.Call, block: Block) -> None:
        parts = _dotted(node.func)
        if parts is None:
            return
        last = parts[-1]
        block.calls.add(last)
        if last in _PARSERS:
            block.parses_arguments = True
        self._seeding(node, parts, block)
        if last == "step" and len(parts) > 1 and _NOT_TRAINED.search(parts[-2]):
            return
        if last in {"backward", "step", "fit", "fit_one_cycle"} and len(parts) > 1:
            block.steps.add(last if last != "fit" else f"{parts[-2].lower()}.fit")

    def _seeding(self, node: ast.Call, parts: tuple[str, ...], block: Block) -> None:
        with_argument = bool(node.args or node.keywords) and not _only_none(node)
        origin = self._imported.get(parts[0])
        if origin is not None:
            streams = seeded_by(".".join((origin, *parts[1:])), with_argument=with_argument)
            if streams is not None:
                block.seeds |= streams
                return
        if parts[-1] == "manual_seed":
            if parts[-2:-1] == ("torch",):  # on a handle that came as an argument
                block.seeds.add(Stream.TORCH)
            elif origin is None:
                return  # a generator's method
        if is_helper(parts[-1]):
            block.helpers.add(parts[-1])
        elif any(keyword.arg == "seed" for keyword in node.keywords) and _is_runner(parts[-1]):
            block.helpers.add(f"{parts[-1]}(seed=)")


def _descendants(root: ast.AST) -> Iterator[ast.AST]:
    """``root`` and everything below it, in no order: as ``ast.walk``, in a third of its time."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if name != "ctx":
                    stack.append(value)
            elif isinstance(value, list):
                stack += (each for each in value if isinstance(each, ast.AST))


def _dotted(node: ast.expr) -> tuple[str, ...] | None:
    """The names of ``a.b().c[0].d`` from the left, as far as they are names; None for others."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, (ast.Call, ast.Subscript)) and names:
            node = node.func if isinstance(node, ast.Call) else node.value
            names.append("()")
        elif isinstance(node, ast.Name):
            names.append(node.id)
            return tuple(reversed(names))
        else:
            return ("()", *reversed(names)) if names else None


def _only_none(node: ast.Call) -> bool:
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    return len(values) == 1 and isinstance(values[0], ast.Constant) and values[0].value is None


def _is_main(test: ast.expr) -> bool:
    """Whether it is ``__name__ == "__main__"``, either way round."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, *test.comparators)
    names = {side.id if isinstance(side, ast.Name) else _constant(side) for side in sides}
    return names == {"__name__", "__main__"}


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _is_command(decorator: ast.expr) -> bool:
    """Whether it makes a command of the function: ``@click.command()``, ``@hydra.main(...)``."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    parts = _dotted(called)
    if parts is None:
        return False
    return parts[-1] in _COMMANDS or (parts[-1] in _RUNNERS and len(parts) > 1)


def _is_runner(name: str) -> bool:
    """Whether what has this name may seed the process from its ``seed=`` argument."""
    return _RUNNER.match(name) is not None and _DATA.search(name) is None
