"""The program that a file starts: where it begins, what it runs, what seeds it, whether it trains.

Code is followed through the modules of the project by `ReachedCode`. What only runs when a module
is imported counts wherever an import may lead. Where code is looked up by name at run time
(registries, ``instantiate(cfg)``), whatever is mentioned may run, and may seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Confidence
from torchdet.reading.module_role import is_main_test
from torchdet.reading.project import NOT_OF_PROJECTS, ModuleSource, Project
from torchdet.reading.randomness.options import Guard, Passed, Value
from torchdet.reading.randomness.reached_code import ReachedCode
from torchdet.reading.randomness.survey import (
    BY_NAME,
    MAIN,
    MODULE,
    Block,
    Part,
    Survey,
    imported_modules,
    survey,
)
from torchdet.torch_api.random_numbers import ALL_STREAMS, Stream

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context

# Without one of these in its bytes a module seeds nothing.
_MAY_SEED = re.compile(
    rb"seed|determinis|eproducib|rng_state|setstate|set_state|Trainer|LightningCLI|torchdet"
    rb"|ultralytics"
)
# What runs code by a name that only a run can tell.
_LOOKED_UP = frozenset(
    {BY_NAME, "__import__", "build_from_cfg", "eval", "exec", "get_class", "get_method"}
    | {"globals", "import_module", "instantiate", "load_entry_point", "locate"}
)


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


def program(context: Context) -> Program:
    """The program that the file of ``context`` starts, if it starts one."""
    return _program(context.facts.source.text, context.module_name, context.path, context.project)


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

    def _code(self, roots: Iterable[str]) -> ReachedCode:
        return ReachedCode(self._module, self._project, roots, _always)

    @cached_property
    def _run(self) -> ReachedCode:
        """All that the program can run, whatever its options are."""
        return self._code({MODULE, *self.entries})

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
        every = (self._module, *_imported(self._module, self._project), *self._run.modules)
        return tuple({each.name: each for each in every}.values())

    @cached_property
    def running(self) -> tuple[tuple[ModuleSource, frozenset[str]], ...]:
        """The modules that hold what runs, each with the names of those of its blocks."""
        blocks: dict[str, set[str]] = {}
        for module, block in self._run.blocks.values():
            blocks.setdefault(module.name, set()).add(block.name)
        return tuple(
            (each, frozenset(blocks[each.name]))
            for each in self._run.modules
            if each.name in blocks
        )

    def seeds(self, stream: Stream) -> bool:
        """Whether the code of the program shows that it seeds ``stream``."""
        return any(stream in part.seeds for part in self._run.parts())

    def leads_on(self, name: str) -> bool:
        """Whether a call of what has this last name runs code of the project."""
        return any(block.last_name == name for _, block in self._run.blocks.values())

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
        seeded = self._seeded_by(self._run)
        if stream not in seeded:
            only = stream is Stream.TORCH and Stream.ACCELERATOR in seeded
            return Unseeded(Lack.ACCELERATOR if only else Lack.NOTHING)
        by_default = ReachedCode(
            self._module, self._project, {MODULE, *self.entries}, self._runs_by_default
        )
        if stream not in self._seeded_by(by_default):
            return Unseeded(Lack.OPTION, self._deciding_option(stream))
        spawned = {name for part in self._run.parts() for name in part.spawns}
        roots = spawned & self._survey.blocks.keys()
        if roots:
            children = ReachedCode(self._module, self._project, roots, self._runs_by_default)
            if _is_training(children.parts()) and stream not in self._seeded_by(children):
                return Unseeded(Lack.PARENT)
        return None

    def _deciding_option(self, stream: Stream) -> str:
        """The option without which nothing seeds ``stream``."""
        guards = [
            (guard, part)
            for _, block in self._run.blocks.values()
            for guard, part in block.parts.items()
            if guard is not None and not self._runs_by_default(block, guard)
        ]
        seeding = (guard.name for guard, part in guards if stream in part.seeds or part.helpers)
        return next(seeding, guards[0][0].name if guards else "")

    def _seeded_by(self, run: ReachedCode) -> frozenset[Stream]:
        """The streams that the code may seed; all, where something cannot be seen."""
        parts = list(run.parts())
        seeded = {stream for part in parts for stream in part.seeds}
        seeded.update(stream for part in self._at_import for stream in part.seeds)
        helpers = {name for part in (*parts, *self._at_import) for name in part.helpers}
        looked_up = any(not _LOOKED_UP.isdisjoint(part.calls) for part in parts)
        for block in self._mentioned if looked_up else self._in_tables:
            for part in run.parts_of(block):
                seeded |= part.seeds
                helpers |= part.helpers
        if helpers - self._defined or self._hides_something:
            return ALL_STREAMS
        return frozenset(seeded)

    @cached_property
    def _imported(self) -> tuple[ModuleSource, ...]:
        """The project's modules that the file imports, directly or not, and that may seed."""
        found = _imported(self._module, self._project)
        return tuple(each for each in found if _MAY_SEED.search(each.data))

    @cached_property
    def _surveys(self) -> tuple[Survey, ...]:
        """Those of the modules that may seed, and of what runs."""
        modules = {each.name: each for each in (*self._imported, *self._run.modules)}
        return tuple(survey(each.source) for each in modules.values())

    @cached_property
    def _hides_something(self) -> bool:
        return any(each.opaque for each in self._surveys)

    @cached_property
    def _at_import(self) -> tuple[Part, ...]:
        """What the imported modules do when they are imported."""
        surveys = (survey(each.source) for each in self._imported)
        return tuple(each.blocks[MODULE].everything for each in surveys if not each.opaque)

    @property
    def seeded_at_import(self) -> frozenset[Stream]:
        """The streams that modules may seed when the program imports them."""
        return frozenset(stream for part in self._at_import for stream in part.seeds)

    @cached_property
    def _defined(self) -> frozenset[str]:
        """The last names of all functions that the project defines where it may seed."""
        return frozenset(
            block.last_name
            for each in self._surveys
            for block in each.blocks.values()
            if block.is_function
        )

    @cached_property
    def _mentioned(self) -> tuple[Block, ...]:
        """The functions that seed, where anything in the program names them."""
        return (
            tuple(
                block
                for each in self._surveys
                for block in each.blocks.values()
                if block.is_function
                and not self._names.isdisjoint(
                    {block.last_name, block.owner.rpartition(".")[2]} - {"__init__"}
                )
            )
            + self._in_tables
        )

    @cached_property
    def _in_tables(self) -> tuple[Block, ...]:
        """The functions and methods whose decorators may put them into a table."""
        return tuple(
            block
            for each in self._surveys
            for block in each.blocks.values()
            if not each.registered.isdisjoint({block.name, block.owner})
        )

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names that the program uses anywhere."""
        blocks = (block for each in self._surveys for block in each.blocks.values())
        return frozenset(name for block in blocks for name in block.everything.uses)

    @property
    def is_to_repeat(self) -> bool:
        """Whether anybody can be said to care that two runs agree: it trains, or it seeds."""
        return self.trains is not None or bool(self._seeded_by(self._run))

    # What runs unless options are given.

    def _runs_by_default(self, block: Block, guard: Guard | None) -> bool:
        if guard is None:
            return True
        if guard.name not in block.parameters or block.is_command:
            return self._passes(guard, self._defaults.get(guard.name, frozenset()))
        passed = [each for each in self._passed if each.function == block.last_name]
        if not passed:
            return True
        values: set[Value] = set()
        for each in passed:
            defaults = self._defaults.get(each.option, frozenset()) if each.option else None
            if defaults is not None and not defaults:
                return True
            values |= defaults if defaults is not None else {each.literal}
        return self._passes(guard, values)

    def _passes(self, guard: Guard, values: Iterable[Value]) -> bool:
        known = list(values)
        return not known or any(guard.passes(each) for each in known)

    @cached_property
    def _defaults(self) -> dict[str, frozenset[Value]]:
        found: dict[str, frozenset[Value]] = {}
        for each in (self._survey, *self._surveys):
            for name, values in each.defaults.items():
                found[name] = found.get(name, frozenset()) | values
        return found

    @cached_property
    def _passed(self) -> list[Passed]:
        return [each for found in (self._survey, *self._surveys) for each in found.passed]


def _always(_block: Block, _guard: Guard | None) -> bool:
    return True


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


def _imported(start: ModuleSource, project: Project) -> list[ModuleSource]:
    """The project's modules that ``start`` imports, directly or not."""
    pending = [start]
    found: list[ModuleSource] = []
    asked = {start.name}
    while pending:
        module = pending.pop()
        for name in _names_imported(module, project):
            if name in asked:
                continue
            asked.add(name)
            target = project.module(name)
            if target is not None:
                found.append(target)
                pending.append(target)
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


def _is_training(parts: Iterable[Part]) -> bool:
    steps = {step for part in parts for step in part.steps}
    return {"backward", "step"} <= steps or not steps.isdisjoint({"fit", "fit_one_cycle"})
