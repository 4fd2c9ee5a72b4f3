"""Goes through the tree of a module once, and gathers what its survey says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from torchdet.reading.randomness.options import (
    GIVEN,
    Guard,
    Passed,
    Value,
    assigned,
    declared,
    guard_of,
    literal_of,
    option_name,
)
from torchdet.reading.randomness.streams import is_helper, seeded_by
from torchdet.reading.randomness.survey import BY_NAME, MAIN, MODULE, Block, Survey
from torchdet.torch_api.random_numbers import Stream, training_methods

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PARSERS = frozenset({"ArgumentParser", "HfArgumentParser", "parse_args", "parse_known_args"})
_COMMANDS = frozenset({"command", "group", "callback"})  # of click and typer
_RUNNERS = frozenset({"main", "hydra_main", "entrypoint"})
_NOT_TRAINED = re.compile(r"env|prof|sim|game|world|board|tqdm|bar|debugger", re.IGNORECASE)
_RUNNER = re.compile(r"[A-Z]|(launch|init|setup|configure|prepare|run|start|train)(_|$)")
_DATA = re.compile(r"Sampler|Generator|Split|Fold|Dataset|Loader|data|split|env")
# What runs a function by its command line: fire.Fire(main), tyro.cli(main), app.run(main).
_RUN_COMMANDS = frozenset(
    {"fire.Fire", "tyro.cli", "jsonargparse.CLI", "absl.app.run", "typer.run"}
)
_SPAWNERS = frozenset(
    f"torch.multiprocessing.{name}" for name in ("spawn", "start_processes", "spawn.spawn")
)


class SurveyReader:
    """Reads one tree."""

    def __init__(self) -> None:
        self._blocks: dict[str, Block] = {MODULE: Block(MODULE), MAIN: Block(MAIN)}
        self._classes: dict[str, tuple[str, ...]] = {}
        self._imported: dict[str, str] = {}
        self._calls: list[tuple[ast.Call, Block, Guard | None]] = []
        self._defaults: dict[str, set[Value]] = {}
        self._passed: list[Passed] = []
        self._commands: set[str] = set()
        self._registered: set[str] = set()
        self._stars: set[str] = set()

    def read(self, tree: ast.Module) -> Survey:
        """The survey of ``tree``. Raises ``RecursionError`` where it is too deep."""
        self._body(tree.body, self._blocks[MODULE], "", None)
        for call, block, guard in self._calls:  # now that all imports are known
            self._call(call, block, guard)
        for name in self._commands & self._blocks.keys():
            self._blocks[name].is_command = True
        return Survey(
            self._blocks,
            self._classes,
            self._imported,
            {name: frozenset(values) for name, values in self._defaults.items()},
            tuple(self._passed),
            frozenset(self._registered),
            frozenset(self._stars),
        )

    def _imports(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self._imported[bound] = alias.name if alias.asname else bound
        else:
            origin = "." * node.level + (node.module or "")
            separator = "" if origin.endswith(".") else "."
            for alias in node.names:
                if alias.name == "*":
                    self._stars.add(origin)
                else:
                    self._imported[alias.asname or alias.name] = f"{origin}{separator}{alias.name}"

    # Statements outside of all functions.

    def _body(
        self, body: Sequence[ast.stmt], block: Block, prefix: str, guard: Guard | None
    ) -> None:
        for statement, current in _guarded(body, guard):
            if isinstance(statement, _FUNCTIONS):
                self._function(statement, block, prefix)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, block, prefix)
            elif isinstance(statement, ast.If) and _is_main(statement.test):
                self._body(statement.body, self._blocks[MAIN], prefix, None)
            elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
                self._compound(statement, block, prefix, current)
            else:
                self._code(statement, block, current)

    def _compound(
        self, statement: ast.stmt, block: Block, prefix: str, guard: Guard | None
    ) -> None:
        for name, value in ast.iter_fields(statement):
            inside = _inside(statement, name, guard)
            if isinstance(value, ast.AST):
                self._code(value, block, guard)
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                self._body(value, block, prefix, inside)
            elif isinstance(value, list):
                for each in value:
                    if isinstance(each, ast.ExceptHandler):
                        self._body(each.body, block, prefix, inside)
                    else:
                        self._code(each, block, inside)

    def _class(self, node: ast.ClassDef, block: Block, prefix: str) -> None:
        name = f"{prefix}{node.name}"
        bases = [parts[-1] for parts in map(_dotted, node.bases) if parts is not None]
        self._classes[name] = tuple(bases)
        for expression in (*node.decorator_list, *node.bases):
            self._uses(expression, block)
        self._body(node.body, block, f"{name}.", None)
        if not all(map(_is_of_language, node.decorator_list)):
            self._registered.add(name)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: Block, prefix: str
    ) -> None:
        name = f"{prefix}{node.name}"
        block = self._blocks.setdefault(name, Block(name))
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        block.parameters = frozenset(each.arg for each in arguments)
        for decorator in node.decorator_list:
            self._uses(decorator, around)
            block.is_command = block.is_command or _is_command(decorator)
            if not _is_of_language(decorator):
                self._registered.add(name)
        self._uses(node.args, around)
        for statement, guard in _guarded(node.body, None):
            self._code(statement, block, guard)

    # What a block does.

    def _uses(self, root: ast.AST, block: Block) -> None:
        """The names below ``root`` into ``block``: a decorator, a base or a default uses them."""
        uses = block.parts[None].uses
        for node, _ in _descendants(root, None):
            if type(node) is ast.Name:
                uses.add(node.id)
            elif type(node) is ast.Attribute:
                uses.add(node.attr)
            elif isinstance(node, ast.Call):
                self._declaration(node)

    def _code(self, root: ast.AST, block: Block, guard: Guard | None) -> None:
        """Everything below ``root``, nested functions and classes included, into ``block``."""
        for node, current in _descendants(root, guard):
            if type(node) is ast.Name:
                block.part(current).uses.add(node.id)
            elif type(node) is ast.Attribute:
                block.part(current).uses.add(node.attr)
            elif isinstance(node, ast.Call):
                self._calls.append((node, block, current))
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self._imports(node)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                self._assignment(node)

    def _assignment(self, node: ast.Assign | ast.AnnAssign) -> None:
        """``torch = rt.torch`` makes ``torch`` what it is on the handle; a seed gets a value."""
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == node.value.attr == "torch":
                    self._imported.setdefault("torch", "torch")
        for name, value in assigned(node):
            if not any(map(_names_seed, _descendants(value, None))):
                self._default(name, value)

    def _default(self, name: str, value: ast.expr | None) -> None:
        known, literal = literal_of(value)
        self._defaults.setdefault(name, set()).add(literal if known else GIVEN)

    def _declaration(self, node: ast.Call) -> None:
        parts = _dotted(node.func)
        option = declared(node, parts[-1]) if parts is not None else None
        if option is not None:
            self._default(*option)

    def _call(self, node: ast.Call, block: Block, guard: Guard | None) -> None:
        parts = _dotted(node.func)
        if parts is None:
            return
        part = block.part(guard)
        last = parts[-1]
        part.calls.add(last)
        if last == "getattr" and node.args and self._qualified(_dotted(node.args[0]) or ("",)):
            part.calls.add(BY_NAME)
        if last in _PARSERS:
            block.parses_arguments = True
        self._declaration(node)
        self._seeding(node, parts, block, guard)
        qualified = self._qualified(parts)
        if qualified in _RUN_COMMANDS:
            self._commands.update(each.id for each in node.args if isinstance(each, ast.Name))
        if qualified in _SPAWNERS:
            started = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "fn")]
            part.spawns.update(each.id for each in started if isinstance(each, ast.Name))
        step = self._step(parts)
        if step is not None:
            part.steps.add(step)

    def _qualified(self, parts: tuple[str, ...]) -> str:
        origin = self._imported.get(parts[0])
        return ".".join((origin, *parts[1:])) if origin is not None else ""

    def _step(self, parts: tuple[str, ...]) -> str | None:
        """The step of training that a call of the method is."""
        last = parts[-1]
        if len(parts) == 1 or (last == "step" and _NOT_TRAINED.search(parts[-2])):
            return None
        if last in {"backward", "step", "fit_one_cycle"}:
            return last
        for package in {name.partition(".")[0] for name in self._imported.values()}:
            if last in training_methods(package) and (
                last != "fit" or parts[-2].lower().endswith("trainer")
            ):
                return "fit"
        return None

    def _seeding(
        self, node: ast.Call, parts: tuple[str, ...], block: Block, guard: Guard | None
    ) -> None:
        part, last = block.part(guard), parts[-1]
        qualified = self._qualified(parts)
        if qualified:
            known = seeded_by(qualified)
            if known is not None:
                argument = _argument(node, known.keyword, known.position)
                if known.always or (argument is not None and literal_of(argument) != (True, None)):
                    part.seeds |= known.streams
                return
        if last == "manual_seed":
            if parts[-2:-1] == ("torch",):  # on a handle that came as an argument
                part.seeds |= {Stream.TORCH, Stream.ACCELERATOR}
            elif not qualified:
                return  # a generator's method
        if is_helper(last):
            part.helpers.add(last)
            self._passed += _passed(node, last)
        elif any(keyword.arg == "seed" for keyword in node.keywords) and _is_runner(last):
            part.helpers.add(f"{last}(seed=)")


def _passed(node: ast.Call, function: str) -> Iterator[Passed]:
    """The options and literals among the arguments of a call of a function that seeds."""
    for value in (*node.args, *(each.value for each in node.keywords)):
        name = option_name(value)
        known, literal = literal_of(value)
        if name:
            yield Passed(function, name)
        else:
            yield Passed(function, literal=literal if known else GIVEN)


def _argument(node: ast.Call, keyword: str, position: int | None) -> ast.expr | None:
    """The argument, or what may hold it: the first one for a function without such a keyword."""
    for each in node.keywords:
        if each.arg in (keyword, None):
            return each.value
    if position is not None and len(node.args) > position:
        return node.args[position]
    starred = (each for each in node.args if isinstance(each, ast.Starred))
    return next(starred, node.keywords[0].value if position == 0 and node.keywords else None)


def _guarded(
    body: Sequence[ast.stmt], guard: Guard | None
) -> Iterator[tuple[ast.stmt, Guard | None]]:
    """The statements, each with the condition under which it runs: exits before it count."""
    for statement in body:
        yield statement, guard
        if isinstance(statement, ast.If) and not statement.orelse and _leaves(statement.body):
            guard = guard_of(statement.test, holds=False) or guard


def _leaves(body: Sequence[ast.stmt]) -> bool:
    return isinstance(body[-1], (ast.Return, ast.Raise))


def _inside(node: ast.AST, field: str, guard: Guard | None) -> Guard | None:
    """The condition for what stands in a field of ``node``."""
    if isinstance(node, ast.If) and field in {"body", "orelse"}:
        return guard_of(node.test, holds=field == "body") or guard
    return guard


def _descendants(root: ast.AST, guard: Guard | None) -> Iterator[tuple[ast.AST, Guard | None]]:
    """``root`` and everything below it with its condition, in no order."""
    stack = [(root, guard)]
    while stack:
        node, current = stack.pop()
        yield node, current
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if name != "ctx":
                    stack.append((value, current))
            elif isinstance(value, list) and value:
                if isinstance(value[0], ast.stmt):
                    stack += _guarded(value, _inside(node, name, current))
                else:
                    stack += ((each, current) for each in value if isinstance(each, ast.AST))


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


def _names_seed(found: tuple[ast.AST, Guard | None]) -> bool:
    node, _ = found
    return isinstance(node, ast.expr) and bool(option_name(node))


def _is_main(test: ast.expr) -> bool:
    """Whether it is ``__name__ == "__main__"``, either way round."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, *test.comparators)
    names = {side.id if isinstance(side, ast.Name) else literal_of(side)[1] for side in sides}
    return names == {"__name__", "__main__"}


def _is_command(decorator: ast.expr) -> bool:
    """Whether it makes a command of the function: ``@click.command()``, ``@hydra.main(...)``."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    parts = _dotted(called)
    if parts is None:
        return False
    return parts[-1] in _COMMANDS or (parts[-1] in _RUNNERS and len(parts) > 1)


def _is_of_language(decorator: ast.expr) -> bool:
    """Whether it registers nothing: ``@property``, ``@staticmethod``, ``@torch.no_grad()``."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    parts = _dotted(called) or ("",)
    return parts[0] in {"property", "staticmethod", "classmethod", "torch", "abstractmethod", "abc"}


def _is_runner(name: str) -> bool:
    """Whether what has this name may seed the process from its ``seed=`` argument."""
    return _RUNNER.match(name) is not None and _DATA.search(name) is None
