"""Which streams of random numbers the code of a program may seed.

What only runs when a module is imported counts wherever an import may lead. Where code is looked up
by name at run time (registries, ``instantiate(cfg)``), whatever is mentioned may run, and may seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from torchdet.reading.project import ModuleSource, Project
from torchdet.reading.randomness.imported_code import imported_by
from torchdet.reading.randomness.reached_code import ReachedCode
from torchdet.reading.randomness.survey import BY_NAME, MODULE, Block, Part, Survey, survey
from torchdet.torch_api.random_numbers import ALL_STREAMS, Stream

# Without one of these in its bytes a module seeds nothing.
_MAY_SEED = re.compile(
    rb"seed|determinis|eproducib|rng_state|setstate|set_state|Trainer|LightningCLI|torchdet"
    rb"|ultralytics"
)
# What runs code by a name that only a run can tell.
_LOOKED_UP = frozenset(
    {BY_NAME, "build_from_cfg", "get_class", "get_method", "import_module", "instantiate"}
    | {"load_entry_point", "locate"}
)


class SeededStreams:
    """The program that ``module`` starts; ``running`` are the modules that hold what runs."""

    def __init__(
        self, module: ModuleSource, project: Project, running: Iterable[ModuleSource]
    ) -> None:
        self._module = module
        self._project = project
        self._running = running

    def of(self, run: ReachedCode) -> frozenset[Stream]:
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
        found = imported_by(self._module, self._project)
        return tuple(each for each in found if _MAY_SEED.search(each.data))

    @cached_property
    def surveys(self) -> tuple[Survey, ...]:
        """Those of the modules that may seed, and of what runs."""
        modules = {each.name: each for each in (*self._imported, *self._running)}
        return tuple(survey(each.source) for each in modules.values())

    @cached_property
    def _hides_something(self) -> bool:
        return any(each.opaque for each in self.surveys)

    @cached_property
    def _at_import(self) -> tuple[Part, ...]:
        """What the imported modules do when they are imported."""
        surveys = (survey(each.source) for each in self._imported)
        return tuple(each.blocks[MODULE].everything for each in surveys if not each.opaque)

    @property
    def at_import(self) -> frozenset[Stream]:
        """The streams that modules may seed when the program imports them."""
        return frozenset(stream for part in self._at_import for stream in part.seeds)

    @cached_property
    def _defined(self) -> frozenset[str]:
        """The last names of all functions that the project defines where it may seed."""
        return frozenset(
            block.last_name
            for each in self.surveys
            for block in each.blocks.values()
            if block.is_function
        )

    @cached_property
    def _mentioned(self) -> tuple[Block, ...]:
        """The functions that seed, where anything in the program names them."""
        return (
            tuple(
                block
                for each in self.surveys
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
            for each in self.surveys
            for block in each.blocks.values()
            if not each.registered.isdisjoint({block.name, block.owner})
        )

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names that the program uses anywhere."""
        blocks = (block for each in self.surveys for block in each.blocks.values())
        return frozenset(name for block in blocks for name in block.everything.uses)
