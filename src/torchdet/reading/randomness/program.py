"""The program that a file starts: where it begins, what it runs, what seeds it, whether it trains.

Code is followed through the modules of the project by `ReachedCode`, and seeds by `SeededStreams`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Confidence
from torchdet.reading.module_role import is_main_test
from torchdet.reading.project import ModuleSource, Project
from torchdet.reading.randomness.default_options import DefaultOptions
from torchdet.reading.randomness.imported_code import derives_from_module, imported_by
from torchdet.reading.randomness.reached_code import (
    EVERYTHING,
    RUN_BY_LOADERS,
    MainProcessReach,
    PossibleReach,
    Reach,
    ReachedCode,
    SureReach,
    always,
)
from torchdet.reading.randomness.seeded_streams import SeededStreams
from torchdet.reading.randomness.survey import MAIN, MODULE, Block, Part, survey
from torchdet.torch_api.random_numbers import Stream, drawn_stream

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context, Place


@dataclass(frozen=True, slots=True)
class Draw:
    """That the block ``block`` of the module ``module`` calls ``function``, which draws."""

    function: str
    module: str
    block: str


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The blocks that run, each with its module, and the options that decide what else does."""

    blocks: tuple[tuple[ModuleSource, Block], ...]
    options: DefaultOptions

    def parts_of(self, block: Block) -> Iterator[Part]:
        """The code of a block that its options let run."""
        return (part for guard, part in block.parts.items() if self.options.may_run(block, guard))


class Lack(Enum):
    """Why a stream of random numbers is not seeded in each run of a program."""

    NOTHING = "nothing seeds it"
    ACCELERATOR = "only the generators of accelerators are seeded"
    OPTION = "it is seeded only where an option is given"
    PARENT = "only the process that starts the others is seeded"


@dataclass(frozen=True, slots=True)
class Unseeded:
    """That a program does not seed a stream, and for ``OPTION`` the name of the option."""

    lack: Lack
    option: str = ""


@dataclass(frozen=True, slots=True)
class UnseededDraws:
    """The draws from a stream that is not seeded, and why it is not; those of the file first."""

    draws: tuple[Draw, ...]
    unseeded: Unseeded


def program(context: Context) -> Program:
    """The program that the file of ``context`` starts, if it starts one."""
    return program_of(context.facts.source.text, context.place)


def program_of(text: str, place: Place) -> Program:
    """The program that the file with that text at ``place`` starts, if it starts one."""
    return _program(text, place.module_name, place.path, place.project)


@lru_cache(maxsize=1)
def _program(text: str, module_name: str, path: str, project: Project) -> Program:
    data = text.encode("utf-8", "surrogatepass")
    is_package = path.endswith("__init__.py")
    return Program(ModuleSource(module_name, data, is_package, text), project)


class Program:
    """One file as the start of a program. Everything is worked out when it is asked for."""

    def __init__(self, module: ModuleSource, project: Project) -> None:
        self._module = module
        self._project = project
        self._survey = survey(module.source)
        self._unseeded_draws: dict[Stream, UnseededDraws | None] = {}

    @cached_property
    def entries(self) -> frozenset[str]:
        """The blocks at which the program starts; empty when the file starts none.

        A ``__main__`` block; else commands of click, typer, hydra and fire, functions that the
        project's metadata installs, and a ``main`` that parses arguments; else the module itself,
        when it trains as it is run.
        """
        blocks = self._survey.blocks
        if self._survey.opaque:
            return frozenset()
        if blocks[MAIN].everything.uses:
            return frozenset({MAIN})
        functions = {
            block.name for block in blocks.values() if block.is_command and not block.owner
        }
        if "main" in blocks and self._parses_arguments("main"):
            functions.add("main")
        functions |= self._project.console_scripts(self._module.name) & blocks.keys()
        if functions:
            return frozenset(functions)
        return frozenset({MODULE} if self._trains_as_script() else ())

    def _trains_as_script(self) -> bool:
        """Whether running the file trains, by what it calls outside of all functions."""
        run = self._code({MODULE})
        name = self._module.name
        if "." not in name or name.endswith(".__main__"):
            return _is_training(run.parts())
        return _is_training(
            part
            for module, block in run.blocks.values()
            if module is self._module
            for part in block.parts.values()
        )

    def _parses_arguments(self, name: str) -> bool:
        run = self._code({name})
        return any(
            block.parses_arguments
            for module, block in run.blocks.values()
            if module is self._module and block.is_function
        )

    def _code(self, roots: Iterable[str], reach: Reach = EVERYTHING) -> ReachedCode:
        return ReachedCode(self._module, self._project, roots, reach)

    @cached_property
    def _run(self) -> ReachedCode:
        """All that the program can run, whatever its options are."""
        return self._code({MODULE, *self.entries})

    @cached_property
    def _main_process(self) -> ReachedCode:
        return self._code({MODULE, *self.entries}, MainProcessReach(always))

    @cached_property
    def reached(self) -> frozenset[str]:
        """The names of the file's blocks that run when the program does."""
        if not self.entries:
            return frozenset()
        own = (block.name for module, block in self._run.blocks.values() if module is self._module)
        return frozenset(own)

    @property
    def name(self) -> str:
        """The name of the module that starts the program."""
        return self._module.name

    @cached_property
    def modules(self) -> tuple[ModuleSource, ...]:
        """The modules of the project that the program imports or runs, its own among them."""
        every = (self._module, *imported_by(self._module, self._project), *self._run.modules)
        return tuple({each.name: each for each in every}.values())

    @cached_property
    def training_run(self) -> TrainingRun:
        """What runs in each run that trains on an accelerator, with the options at their defaults.

        Objects that are chosen by name, or by a test that only a run can tell, are none of it.
        """
        options = self._options
        run = self._code({MODULE, *self.entries}, SureReach(options))
        return TrainingRun(tuple(run.blocks.values()), options)

    def seeds(self, stream: Stream) -> bool:
        """Whether the code of the program seeds ``stream``, with no seed that is drawn itself."""
        if any(survey(each.source).varying for each in self._run.modules):
            return False
        return any(stream in part.seeds for part in self._run.parts())

    def seeds_without_rank(self, name: str) -> bool:
        """Whether the functions with this last name seed torch, and look at no rank for it."""
        found = [
            block.everything
            for _, block in self._run.blocks.values()
            if block.is_function and block.last_name == name
        ]
        return bool(found) and all(
            Stream.TORCH in each.seeds and not any("rank" in used.lower() for used in each.uses)
            for each in found
        )

    def makes_module(self, name: str) -> bool:
        """Whether the qualified ``name`` is a class of the project that derives from `Module`."""
        return derives_from_module(self._module.absolute(name), self._project)

    @cached_property
    def names_run(self) -> frozenset[str]:
        """The last names of the project's functions that run."""
        return frozenset(block.last_name for _, block in self._run.blocks.values())

    @cached_property
    def trains(self) -> Confidence | None:
        """Whether the program trains: certain when the file shows it, likely by its imports."""
        if not self.entries:
            return None
        own = (self._survey.blocks[name].everything for name in self.reached)
        if _is_training(own):
            return Confidence.CERTAIN
        return Confidence.LIKELY if _is_training(self._run.parts()) else None

    # What is seeded.

    def unseeded(self, stream: Stream) -> Unseeded | None:
        """Why the stream is not seeded in each run; None where something may seed it."""
        seeded = self._seeding.of(self._run)
        if stream not in seeded:
            only = stream is Stream.TORCH and Stream.ACCELERATOR in seeded
            return Unseeded(Lack.ACCELERATOR if only else Lack.NOTHING)
        by_default = self._code({MODULE, *self.entries}, self._by_default)
        if stream not in self._seeding.of(by_default):
            return Unseeded(Lack.OPTION, self._deciding_option(stream))
        return Unseeded(Lack.PARENT) if self._spawned_lacks(stream) else None

    def _spawned_lacks(self, stream: Stream) -> bool:
        """Whether processes that the program spawns train, and do not seed ``stream``."""
        for module, block in self._run.blocks.values():
            spawned = {name for part in block.parts.values() for name in part.spawns}
            if spawned:
                children = ReachedCode(module, self._project, spawned, self._by_default)
                if _is_training(children.parts()) and stream not in self._seeding.of(children):
                    return True
        return False

    def _deciding_option(self, stream: Stream) -> str:
        """The option without which nothing seeds ``stream``."""
        guards = [
            (guard, part)
            for _, block in self._run.blocks.values()
            for guard, part in block.parts.items()
            if guard is not None and not self._options.may_run(block, guard)
        ]
        seeding = (guard.name for guard, part in guards if stream in part.seeds or part.helpers)
        return next(seeding, guards[0][0].name if guards else "")

    @cached_property
    def _seeding(self) -> SeededStreams:
        return SeededStreams(self._module, self._project, self._run.modules)

    @property
    def seeded_at_import(self) -> frozenset[Stream]:
        """The streams that modules may seed when the program imports them."""
        return self._seeding.at_import

    @cached_property
    def _options(self) -> DefaultOptions:
        return DefaultOptions((self._survey, *self._seeding.surveys))

    @cached_property
    def _by_default(self) -> Reach:
        return PossibleReach(self._options.may_run)

    def draws(self, stream: Stream) -> tuple[Draw, ...]:
        """What the program draws from ``stream`` for its results, its own module first.

        In other modules, what each run draws, if the program trains and seeds anything: seeding
        nothing is a fault of its own.
        """
        own = [
            (module, block, block.everything)
            for module, block in self._main_process.blocks.values()
            if module is self._module
        ]
        others = [
            (module, block, part)
            for module, block in self.training_run.blocks
            if module is not self._module and self.trains is not None and self._seeds_anything
            for part in self.training_run.parts_of(block)
        ]
        return tuple(
            Draw(function, module.name, block.name)
            for module, block, part in (*own, *others)
            if block.last_name not in RUN_BY_LOADERS
            for function in sorted(part.draws)
            if drawn_stream(function) is stream
        )

    def unseeded_draws(self, stream: Stream) -> UnseededDraws | None:
        """What draws from ``stream`` though it is not seeded; None where that does not matter."""
        if stream not in self._unseeded_draws:
            lack = self.unseeded(stream) if self.entries else None
            drawn = self.draws(stream) if lack is not None and self.is_to_repeat else ()
            found = UnseededDraws(drawn, lack) if drawn and lack is not None else None
            self._unseeded_draws[stream] = found
        return self._unseeded_draws[stream]

    @property
    def is_to_repeat(self) -> bool:
        """Whether anybody can be said to care that two runs agree: it trains, or it seeds."""
        return self.trains is not None or self._seeds_anything

    @cached_property
    def _seeds_anything(self) -> bool:
        return bool(self._seeding.of(self._run))


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


def _is_training(parts: Iterable[Part]) -> bool:
    steps = {step for part in parts for step in part.steps}
    return {"backward", "step"} <= steps or not steps.isdisjoint({"fit", "fit_one_cycle"})
