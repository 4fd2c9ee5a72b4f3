"""The program that a file starts: where it begins, what it runs, what seeds it, whether it trains.

Two readings of "runs", each on the side of silence. What is reported must be reached from the
start by the names that functions use, inside the file. What seeds may stand in any module that is
imported, directly or not, in a function that anything mentions.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Confidence
from torchdet.reading.module_role import is_main_test
from torchdet.reading.project import NOT_OF_PROJECTS, ModuleSource, Project
from torchdet.reading.randomness.streams import ALL_STREAMS, Stream
from torchdet.reading.randomness.survey import (
    MAIN,
    MODULE,
    Block,
    Survey,
    imported_modules,
    survey,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

_MOST_MODULES = 80
_MOST_BLOCKS = 400
# Without one of these in its bytes a module seeds nothing.
_MAY_SEED = re.compile(
    rb"seed|determinis|eproducib|rng_state|setstate|set_state|Trainer|LightningCLI|torchdet"
    rb"|ultralytics"
)
# What an object's maker or its framework calls, beside the methods that the program names.
_CALLED_BY_FRAMEWORKS = frozenset(
    {
        "__call__",
        "__init__",
        "__post_init__",
        "configure_optimizers",
        "forward",
        "prepare_data",
        "setup",
        "test_dataloader",
        "train_dataloader",
        "training_step",
        "val_dataloader",
        "validation_step",
    }
)
_LIGHTNING = ("lightning", "pytorch_lightning")


def program(context: Context) -> Program:
    """The program that the file of ``context`` starts, if it starts one."""
    return _program(context.facts.source.text, context.module_name, context.path, context.project)


@lru_cache(maxsize=1)
def _program(text: str, module_name: str, path: str, project: Project) -> Program:
    data = text.encode("utf-8", "surrogatepass")
    is_package = path.endswith("__init__.py")
    return Program(ModuleSource(module_name, data, is_package=is_package), project)


class Program:
    """One file as the start of a program. Everything is worked out when it is asked for."""

    def __init__(self, module: ModuleSource, project: Project) -> None:
        self._module = module
        self._project = project
        self._survey = survey(module.data)

    @cached_property
    def entries(self) -> frozenset[str]:
        """The blocks at which the program starts; empty when the file starts none.

        A ``__main__`` block; else commands of click, typer and hydra, functions that the
        project's metadata installs, and a ``main`` that parses arguments; else the module itself,
        when it trains on import.
        """
        blocks = self._survey.blocks
        if self._survey.opaque:
            return frozenset()
        if blocks[MAIN].uses:
            return frozenset({MAIN})
        functions = {
            block.name for block in blocks.values() if block.is_command and not block.owner
        }
        if "main" in blocks and self._parses_arguments("main"):
            functions.add("main")
        functions |= self._project.console_scripts(self._module.name) & blocks.keys()
        if functions:
            return frozenset(functions)
        return frozenset({MODULE} if self._trains_on_import() else ())

    def _trains_on_import(self) -> bool:
        """Whether it trains at module level, or in functions that are called there."""
        found = self._survey
        called = [block.name for block in _blocks_named(found, found.blocks[MODULE].calls)]
        run = (found.blocks[name] for name in _reached(found, called))
        return _trains(found, [found.blocks[MODULE], *run])

    def _parses_arguments(self, name: str) -> bool:
        blocks = self._survey.blocks
        return any(blocks[each].parses_arguments for each in _reached(self._survey, {name}))

    @cached_property
    def reached(self) -> frozenset[str]:
        """The names of the file's blocks that run when the program does."""
        return _reached(self._survey, {MODULE, *self.entries}) if self.entries else frozenset()

    @cached_property
    def trains(self) -> Confidence | None:
        """Whether the program trains: certain when the file shows it, likely by its imports."""
        if not self.entries:
            return None
        if _trains(self._survey, [self._survey.blocks[name] for name in self.reached]):
            return Confidence.CERTAIN
        steps: set[str] = set()
        for module, block in self._blocks_run():
            steps |= _steps(survey(module.data), block)
        return Confidence.LIKELY if _is_training(steps) else None

    def _blocks_run(self) -> Iterator[tuple[ModuleSource, Block]]:
        """The blocks that the program runs, in this file and in the modules that it imports."""
        start = [(self._module, self._survey.blocks[name]) for name in sorted(self.reached)]
        pending = deque(start)
        seen = {(module.name, block.name) for module, block in start}
        while pending and len(seen) < _MOST_BLOCKS:
            module, block = pending.popleft()
            yield module, block
            for target in self._called(module, block):
                key = (target[0].name, target[1].name)
                if key not in seen:
                    seen.add(key)
                    pending.append(target)

    def _called(self, module: ModuleSource, block: Block) -> Iterator[tuple[ModuleSource, Block]]:
        own = survey(module.data)
        # At module level only calls run anything; other names fill tables and lists of cases.
        uses = block.calls if block.name == MODULE else block.uses
        for each in _blocks_named(own, uses):
            yield module, each
        for name in sorted(uses & own.imported.keys()):
            qualified = module.absolute(own.imported[name])
            whole = self._project.module(qualified)
            if whole is not None:
                yield from ((whole, each) for each in _blocks_named(survey(whole.data), uses))
                continue
            yield from self._defined(qualified, depth=3)

    def _defined(self, qualified: str, depth: int) -> Iterator[tuple[ModuleSource, Block]]:
        """The blocks of the function or class of that name, followed through re-exports."""
        origin, _, last = qualified.rpartition(".")
        module = self._project.module(origin) if origin else None
        if module is None:
            return
        found = survey(module.data)
        blocks = list(_blocks_named(found, {last}))
        yield from ((module, each) for each in blocks)
        if not blocks and depth and last in found.imported:
            yield from self._defined(module.absolute(found.imported[last]), depth - 1)

    def seeds(self, stream: Stream) -> bool:
        """Whether something on the way may seed ``stream``."""
        return any(stream in block.seeds for block in self._live) or stream in self._seeded

    @cached_property
    def _live(self) -> list[Block]:
        """The blocks of the file in which a seed counts."""
        own = _reached(self._survey, {MODULE, *self.entries}, generous=True)
        return [self._survey.blocks[name] for name in sorted(own)]

    @cached_property
    def _seeded(self) -> frozenset[Stream]:
        """The streams that something on the way may seed; all, where something cannot be seen."""
        modules = _imported(self._module, self._project)
        if modules is None:
            return ALL_STREAMS
        live = list(self._live)
        surveys = [survey(module.data) for module in modules if _MAY_SEED.search(module.data)]
        if any(each.opaque for each in surveys):
            return ALL_STREAMS
        for each in surveys:
            live.append(each.blocks[MODULE])
            live += (block for block in _seeding(each) if self._is_mentioned(block, modules))
        seeded = {stream for block in live for stream in block.seeds}
        helpers = {name for block in live for name in block.helpers}
        defined = {
            block.last_name for each in (self._survey, *surveys) for block in _functions(each)
        }
        return ALL_STREAMS if helpers - defined else frozenset(seeded)

    @property
    def is_to_repeat(self) -> bool:
        """Whether anybody can be said to care that two runs agree: it trains, or it seeds."""
        seeds_itself = any(block.seeds for block in self._live)
        return seeds_itself or self.trains is not None or bool(self._seeded)

    def _is_mentioned(self, block: Block, modules: Iterable[ModuleSource]) -> bool:
        """Whether anything in the program names the function, or the class that it belongs to."""
        names = {block.last_name, block.owner.rpartition(".")[2]} - {""}
        names = {name for name in names if not name.startswith("__")}
        patterns = [name.encode() for name in names]
        for module in (self._module, *modules):
            if any(pattern in module.data for pattern in patterns):
                found = survey(module.data)
                if any(
                    names & other.uses
                    for other in found.blocks.values()
                    if other.name not in {block.name, MAIN} or module is self._module
                ):
                    return True
        return False


def block_name(node: cst.CSTNode, facts: FileFacts) -> str:
    """The name of the survey's block in which ``node`` runs.

    Nested functions belong to the outermost one; `MAIN` is told from the module.
    """
    names: list[str] = []
    above = list(facts.ancestors(node))
    below = [node, *above]
    for index in range(len(above) - 1, -1, -1):
        each, child = above[index], below[index]
        if isinstance(each, cst.ClassDef):
            names.append(each.name.value)
        elif isinstance(each, cst.FunctionDef) and child is each.body:
            return ".".join((*names, each.name.value))
        elif isinstance(each, cst.If) and child is each.body and is_main_test(each.test):
            return MAIN
    return MODULE


def _imported(start: ModuleSource, project: Project) -> list[ModuleSource] | None:
    """The project's modules that ``start`` imports, directly or not; None for too many."""
    pending = deque([start])
    found: list[ModuleSource] = []
    asked = {start.name}
    while pending:
        module = pending.popleft()
        for name in _names_imported(module, project):
            if name in asked:
                continue
            asked.add(name)
            target = project.module(name)
            if target is not None:
                found.append(target)
                pending.append(target)
                if len(found) > _MOST_MODULES:
                    return None
    return found


def _names_imported(module: ModuleSource, project: Project) -> Iterator[str]:
    """The names of what may be modules that the imports of ``module`` run.

    Those are the parents of what it imports from, and the members that may be submodules.
    """
    for origin, members in imported_modules(module.data):
        absolute = module.absolute(origin)
        if absolute.partition(".")[0] in NOT_OF_PROJECTS:
            continue
        end = absolute.find(".")
        while end >= 0:
            yield absolute[:end]
            end = absolute.find(".", end + 1)
        if absolute:
            yield absolute
        whole = project.module(absolute) if absolute and members else None
        if whole is None or whole.is_package:  # a folder needs no __init__.py
            yield from (f"{absolute}.{member}" if absolute else member for member in members)


def _functions(module: Survey) -> Iterator[Block]:
    return (block for block in module.blocks.values() if block.name not in {MODULE, MAIN})


def _seeding(module: Survey) -> Iterator[Block]:
    return (block for block in _functions(module) if block.seeds or block.helpers)


def _blocks_named(
    module: Survey, names: Iterable[str], *, generous: bool = False
) -> Iterator[Block]:
    """The functions and methods with these last names, and what making an object runs.

    With ``generous``, a class that is named brings all its methods.
    """
    wanted = set(names)
    for block in _functions(module):
        owner = block.owner.rpartition(".")[2]
        made = owner in wanted and (generous or block.last_name in _CALLED_BY_FRAMEWORKS)
        if made or block.last_name in wanted:
            yield block


def _reached(module: Survey, start: Iterable[str], *, generous: bool = False) -> frozenset[str]:
    """The names of the blocks that run when those named in ``start`` do."""
    pending = [name for name in start if name in module.blocks]
    reached = set(pending)
    while pending:
        block = module.blocks[pending.pop()]
        for each in _blocks_named(module, block.uses, generous=generous):
            if each.name not in reached:
                reached.add(each.name)
                pending.append(each.name)
    return frozenset(reached)


def _steps(module: Survey, block: Block) -> set[str]:
    """The steps of training in ``block``; ``fit`` counts where Lightning is imported."""
    steps = {step for step in block.steps if not step.endswith(".fit")}
    if any(step.endswith("trainer.fit") for step in block.steps) and any(
        origin.partition(".")[0] in _LIGHTNING for origin in module.imported.values()
    ):
        steps.add("fit")
    return steps


def _trains(module: Survey, blocks: Iterable[Block]) -> bool:
    return _is_training({step for block in blocks for step in _steps(module, block)})


def _is_training(steps: set[str]) -> bool:
    return {"backward", "step"} <= steps or not steps.isdisjoint({"fit", "fit_one_cycle"})
