"""Goes through the tree of a module once, and gathers what its survey says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from torchdet.reading.randomness.number_uses import NOT_NUMBERS, is_no_result
from torchdet.reading.randomness.options import (
    GIVEN,
    Guard,
    Passed,
    Value,
    assigned,
    declared,
    literal_of,
    seed_read,
)
from torchdet.reading.randomness.seed_arguments import (
    argument_or_hidden,
    may_give_seed,
    passed_seeds,
    seeds_by_default,
)
from torchdet.reading.randomness.streams import is_helper, seeded_by
from torchdet.reading.randomness.survey import BY_NAME, MAIN, MODULE, Block, Part, Survey
from torchdet.reading.randomness.tested_code import (
    ANY_TEST,
    NO_TEST,
    Under,
    descendants_under,
    in_turn,
    inside,
)
from torchdet.torch_api.random_numbers import (
    Stream,
    drawn_stream,
    library_draws,
    training_methods,
)

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
_METHOD_SETTERS = frozenset({"set_start_method", "get_context"})
_FRESH_METHODS = frozenset({"spawn", "forkserver"})
# What gives another seed in each run, called on a module.
_VARIES = frozenset({"getrandbits", "now", "randint", "randrange", "time", "time_ns", "urandom"})
_RUNS_TEXT = frozenset({"__import__", "eval", "exec", "globals"})
_ASKS_FOR_CLASS = frozenset({"isinstance", "issubclass"})


class SurveyReader:
    """Reads one tree."""

    def __init__(self) -> None:
        self._blocks: dict[str, Block] = {MODULE: Block(MODULE), MAIN: Block(MAIN)}
        self._classes: dict[str, tuple[str, ...]] = {}
        self._imported: dict[str, str] = {}
        self._calls: list[tuple[ast.Call, Block, Under]] = []
        self._no_results: set[ast.AST] = set()
        self._defaults: dict[str, set[Value]] = {}
        self._passed: list[Passed] = []
        self._commands: set[str] = set()
        self._varying: set[str] = set()
        self._bare: set[str] = set()
        self._given: set[str] = set()
        self._registered: set[str] = set()
        self._processes: list[tuple[Part, str]] = []
        self._spawns_processes = False
        self._stars: set[str] = set()

    def read(self, tree: ast.Module) -> Survey:
        """The survey of ``tree``. Raises ``RecursionError`` where it is too deep."""
        self._body(tree.body, self._blocks[MODULE], "", NO_TEST)
        for call, block, under in self._calls:  # now that all imports are known
            self._call(call, block, under)
        for name in self._commands & self._blocks.keys():
            self._blocks[name].is_command = True
        if self._spawns_processes:
            for part, name in self._processes:
                part.spawns.add(name)
        return Survey(
            self._blocks,
            self._classes,
            self._imported,
            {name: frozenset(values) for name, values in self._defaults.items()},
            tuple(self._passed),
            varying=frozenset(self._varying),
            bare=frozenset(self._bare),
            given=frozenset(self._given),
            registered=frozenset(self._registered),
            stars=frozenset(self._stars),
            tests={
                (call.lineno, call.col_offset): under
                for call, _, under in self._calls
                if under is not NO_TEST
            },
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

    def _body(self, body: Sequence[ast.stmt], block: Block, prefix: str, under: Under) -> None:
        for statement, current in in_turn(body, under):
            if isinstance(statement, _FUNCTIONS):
                self._function(statement, block, prefix)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, block, prefix)
            elif isinstance(statement, ast.If) and _is_main(statement.test):
                self._body(statement.body, self._blocks[MAIN], prefix, NO_TEST)
            elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
                self._compound(statement, block, prefix, current)
            else:
                self._code(statement, block, current)

    def _compound(self, statement: ast.stmt, block: Block, prefix: str, under: Under) -> None:
        for name, value in ast.iter_fields(statement):
            around = inside(statement, name, under)
            if isinstance(value, ast.AST):
                self._code(value, block, under)
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                self._body(value, block, prefix, around)
            elif isinstance(value, list):
                for each in value:
                    if isinstance(each, ast.ExceptHandler):
                        self._body(each.body, block, prefix, around.also(ANY_TEST))
                    else:
                        self._code(each, block, around)

    def _class(self, node: ast.ClassDef, block: Block, prefix: str) -> None:
        name = f"{prefix}{node.name}"
        bases = [parts[-1] for parts in map(_dotted, node.bases) if parts is not None]
        self._classes[name] = tuple(bases)
        for expression in (*node.decorator_list, *node.bases):
            self._uses(expression, block)
        self._body(node.body, block, f"{name}.", NO_TEST)
        if not all(map(_is_of_language, node.decorator_list)):
            self._registered.add(name)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: Block, prefix: str
    ) -> None:
        name = f"{prefix}{node.name}"
        block = self._blocks.setdefault(name, Block(name))
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        block.parameters = frozenset(each.arg for each in arguments)
        block.defaults = dict(seeds_by_default(node.args))
        for decorator in node.decorator_list:
            self._uses(decorator, around)
            block.is_command = block.is_command or _is_command(decorator)
            if not _is_of_language(decorator):
                self._registered.add(name)
        self._uses(node.args, around)
        for statement, under in in_turn(node.body, NO_TEST):
            self._code(statement, block, under)

    # What a block does.

    def _uses(self, root: ast.AST, block: Block) -> None:
        """The names below ``root`` into ``block``: a decorator, a base or a default uses them."""
        uses = block.parts[None].uses
        for node, _ in descendants_under(root, NO_TEST):
            if type(node) is ast.Name:
                uses.add(node.id)
            elif type(node) is ast.Attribute:
                uses.add(node.attr)
            elif isinstance(node, ast.Call):
                self._declaration(node)

    def _code(self, root: ast.AST, block: Block, under: Under) -> None:
        """Everything below ``root``, nested functions and classes included, into ``block``."""
        for node, current in descendants_under(root, under):
            if type(node) is ast.Name:
                block.part(current.seed).uses.add(node.id)
            elif type(node) is ast.Attribute:
                block.part(current.seed).uses.add(node.attr)
            elif isinstance(node, ast.Call):
                self._calls.append((node, block, current))
                if ".".join(_dotted(node.func) or ()) in NOT_NUMBERS:
                    for each in node.args:
                        self._beside(each)
            elif isinstance(node, ast.Lambda):
                self._beside(node.body)  # it runs elsewhere, such as in the workers of a loader
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self._imports(node)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                self._assignment(node, current)

    def _assignment(self, node: ast.Assign | ast.AnnAssign, under: Under) -> None:
        """``torch = rt.torch`` makes ``torch`` what it is on the handle; a seed gets a value."""
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == node.value.attr == "torch":
                    self._imported.setdefault("torch", "torch")
        for name, value in assigned(node):
            if not any(map(_names_seed, descendants_under(value, NO_TEST))):
                self._default(name, value)
                if under.seed is None and any(map(_draws_seed, ast.walk(value))):
                    self._varying.add(name)
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if node.value is not None and is_no_result((_dotted(target) or ("",))[-1]):
            self._beside(node.value)

    def _beside(self, root: ast.AST) -> None:
        """Remember that what is drawn below ``root`` is not for the results of the block."""
        self._no_results.update(node for node, _ in descendants_under(root, NO_TEST))

    def _default(self, name: str, value: ast.expr | None) -> None:
        known, literal = literal_of(value)
        self._defaults.setdefault(name, set()).add(literal if known else GIVEN)

    def _declaration(self, node: ast.Call) -> None:
        parts = _dotted(node.func)
        option = declared(node, parts[-1]) if parts is not None else None
        if option is not None:
            self._default(*option)

    def _call(self, node: ast.Call, block: Block, under: Under) -> None:
        parts = _dotted(node.func)
        if parts is None:
            return
        part = block.part(under.seed)
        last = parts[-1]
        part.calls.add(last)
        if last not in _ASKS_FOR_CLASS:
            passed = (_dotted(each) or () for each in _arguments(node))
            block.runs.setdefault(under, set()).update(parts, *passed)
        if last == "getattr" and node.args and self._qualified(_dotted(node.args[0]) or ("",)):
            part.calls.add(BY_NAME)
        if len(parts) == 1 and last in _RUNS_TEXT:  # and not `model.eval()`
            part.calls.add(BY_NAME)
        if last in _PARSERS:
            block.parses_arguments = True
        (self._given if may_give_seed(node) else self._bare).add(last)
        self._declaration(node)
        self._seeding(node, parts, block, under.seed)
        qualified = self._qualified(parts)
        if node not in self._no_results and _draws(qualified, node):
            part.draws.add(qualified)
        if qualified in _RUN_COMMANDS:
            self._commands.update(each.id for each in node.args if isinstance(each, ast.Name))
        self._starts(node, last, qualified, part)
        step = self._step(parts)
        if step is not None:
            part.steps.add(step)

    def _starts(self, node: ast.Call, last: str, qualified: str, part: Part) -> None:
        """The functions that a call runs in new processes, which inherit no generator's state."""
        keywords = {each.arg: each.value for each in node.keywords}
        if qualified in _SPAWNERS:
            started = [*node.args[:1], *(keywords[key] for key in ("fn",) if key in keywords)]
            part.spawns.update(each.id for each in started if isinstance(each, ast.Name))
        elif last == "Process" and isinstance(target := keywords.get("target"), ast.Name):
            self._processes.append((part, target.id))
        elif last in _METHOD_SETTERS and node.args:
            method = literal_of(node.args[0])[1]
            self._spawns_processes = self._spawns_processes or method in _FRESH_METHODS

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
                argument = argument_or_hidden(node, known.keyword, known.position)
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
            self._passed += passed_seeds(node, last)
        elif any(keyword.arg == "seed" for keyword in node.keywords) and _is_runner(last):
            part.helpers.add(f"{last}(seed=)")


def _arguments(node: ast.Call) -> Iterator[ast.expr]:
    """The names that a call passes on; what it calls or reads in its arguments is no such."""
    for each in (*node.args, *(keyword.value for keyword in node.keywords)):
        if isinstance(each, (ast.Name, ast.Attribute)):
            yield each


def _draws(qualified: str, node: ast.Call) -> bool:
    """Whether a call of the function draws from a generator of the process."""
    drawing = library_draws().get(qualified)
    if drawing is None:
        return drawn_stream(qualified) is not None
    if any(each.arg is None for each in node.keywords):
        return False
    given = {each.arg: each.value for each in node.keywords}
    if any(literal_of(given.get(each)) != (True, None) for each in drawing.keywords):
        return False
    if drawing.position is not None and len(node.args) > drawing.position:
        return False
    if drawing.flag in given:
        return literal_of(given[drawing.flag]) == (True, True)
    return not drawing.flag or drawing.flag_default


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


def _draws_seed(node: ast.AST) -> bool:
    """Whether it is a call such as ``random.randint(1, 10000)`` or ``time.time()``."""
    parts = (_dotted(node.func) or ()) if isinstance(node, ast.Call) else ()
    return len(parts) > 1 and parts[-1] in _VARIES


def _names_seed(found: tuple[ast.AST, Under]) -> bool:
    node, _ = found
    return isinstance(node, ast.expr) and bool(seed_read(node))


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
