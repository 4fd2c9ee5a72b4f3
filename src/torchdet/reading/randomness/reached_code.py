"""The code that runs when part of a module does, in that module and in others of its project.

Functions are followed by the names that the code uses, through imports and re-exports. Methods
are followed as rapid type analysis does (Bacon and Sweeney, OOPSLA 1996): one runs when its class
is used anywhere in what runs, and its name too. So ``Trainer(cfg).fit()`` leads into a class of
another module, whoever made the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

from torchdet.reading.project import ModuleSource, Project
from torchdet.reading.randomness.default_options import DefaultOptions
from torchdet.reading.randomness.options import Guard
from torchdet.reading.randomness.survey import MODULE, Block, Part, Survey, survey
from torchdet.reading.randomness.tested_code import Under


class Reach(Protocol):
    """Which code of a block runs, and which names in it lead on."""

    def runs(self, block: Block, guard: Guard | None) -> bool:
        """Whether the code of the block that a test of a seed guards runs."""
        ...

    def names(self, block: Block) -> Iterator[set[str]]:
        """The names that what runs in the block leads on by."""
        ...


class PossibleReach:
    """All that may run, as far as ``may_run`` says; whatever is named is used."""

    def __init__(self, may_run: Callable[[Block, Guard | None], bool]) -> None:
        self.runs = may_run

    def names(self, block: Block) -> Iterator[set[str]]:
        """What the code uses. At module level only calls run anything; others fill tables."""
        for guard, part in block.parts.items():
            if self.runs(block, guard):
                yield part.calls if block.name == MODULE else part.uses


def always(_block: Block, _guard: Guard | None) -> bool:
    """Whatever the options are, the code may run."""
    return True


EVERYTHING = PossibleReach(always)
"""All that may run, whatever the options are."""


RUN_BY_LOADERS = frozenset(
    {"__getitem__", "__getitems__", "__iter__", "__next__", "__call__", "collate"}
)
"""The methods that torch's workers run, which it has seeded by then."""


class MainProcessReach(PossibleReach):
    """What may run in the process that the program starts in, and not in a loader's workers."""

    def names(self, block: Block) -> Iterator[set[str]]:
        """What the code uses, unless workers run it."""
        return iter(()) if block.last_name in RUN_BY_LOADERS else super().names(block)


class SureReach:
    """What each run does in the process that it starts in.

    Code leads on by what it calls, or passes to a call, and by no mere mention.
    """

    def __init__(self, options: DefaultOptions) -> None:
        self._options = options
        self.runs = options.may_run

    def names(self, block: Block) -> Iterator[set[str]]:
        """The names that are called or passed on under tests that certainly come out so.

        Those in both arms of an ``if`` count, whatever its test is.
        """
        if block.last_name in RUN_BY_LOADERS:
            return
        arms: dict[tuple[Under, tuple[int, int]], set[str]] = {}
        for under, names in block.runs.items():
            if self._options.surely_run(block, under):
                yield names
            elif under.outer is not None and under.place is not None:
                choice = under.outer, under.place
                if choice not in arms:
                    arms[choice] = names
                elif self._options.surely_run(block, under.outer):
                    yield arms[choice] & names


# What an object's maker or its framework calls, beside the methods that the program names.
_CALLED_BY_FRAMEWORKS = frozenset(
    {
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


class ReachedCode:
    """What runs when ``roots`` do, as far as ``reach`` goes.

    Those are blocks of the module ``start``, or names of it that stand for code of others.
    """

    def __init__(
        self, start: ModuleSource, project: Project, roots: Iterable[str], reach: Reach
    ) -> None:
        self._project = project
        self._reach_of = reach
        self._found: dict[tuple[str, str], tuple[ModuleSource, Block]] = {}
        self._pending: list[tuple[ModuleSource, Block]] = []
        self._live: set[tuple[str, str]] = set()
        self._named: set[str] = set()
        self._waiting: dict[str, list[tuple[ModuleSource, Block]]] = {}
        self._modules: dict[str, ModuleSource] = {}
        self._enter(start)
        blocks = survey(start.source).blocks
        for name in sorted(roots):
            if name in blocks:
                self._reach(start, blocks[name])
            else:
                self._use(start, {name})
        while self._pending:
            self._follow(*self._pending.pop())

    @property
    def blocks(self) -> Mapping[tuple[str, str], tuple[ModuleSource, Block]]:
        """What runs, by the names of the module and the block."""
        return MappingProxyType(self._found)

    @property
    def modules(self) -> Iterable[ModuleSource]:
        """The modules that hold it."""
        return self._modules.values()

    def parts(self) -> Iterator[Part]:
        """The code that runs."""
        for _, block in self._found.values():
            yield from self.parts_of(block)

    def parts_of(self, block: Block) -> Iterator[Part]:
        """The code of a block that its options let run."""
        return (part for guard, part in block.parts.items() if self._reach_of.runs(block, guard))

    def _reach(self, module: ModuleSource, block: Block) -> None:
        key = module.name, block.name
        if key not in self._found:
            self._found[key] = module, block
            self._pending.append((module, block))

    def _enter(self, module: ModuleSource) -> None:
        """The module is imported, which runs its top level."""
        if module.name not in self._modules:
            self._modules[module.name] = module
            found = survey(module.source)
            if MODULE in found.blocks:
                self._reach(module, found.blocks[MODULE])

    def _follow(self, module: ModuleSource, block: Block) -> None:
        for names in self._reach_of.names(block):
            self._use(module, names)

    def _use(self, module: ModuleSource, names: set[str]) -> None:
        found = survey(module.source)
        for name in sorted(names):
            if not self._use_of(module, found, name):
                for origin in sorted(found.stars):
                    self._use_elsewhere(f"{module.absolute(origin)}.{name}", names)
            if name in found.imported and name not in found.blocks:
                self._use_elsewhere(module.absolute(found.imported[name]), names)
            if name not in self._named:
                self._named.add(name)
                for each in self._waiting.pop(name, ()):
                    self._reach(*each)

    def _use_of(self, module: ModuleSource, found: Survey, name: str) -> bool:
        """Whether the module defines ``name``, whose code is reached then."""
        if name in found.classes:
            self._make_live(module, found, name)
        elif name in found.blocks:
            self._reach(module, found.blocks[name])
        else:
            return False
        return True

    def _use_elsewhere(self, qualified: str, names: set[str]) -> None:
        """Something imported is used: a module, of which ``names`` are, or a member of one."""
        asked: set[str] = set()
        while qualified not in asked:
            asked.add(qualified)
            whole = self._project.module(qualified)
            if whole is not None:
                self._use_module(whole, names)
                return
            origin, _, last = qualified.rpartition(".")
            module = self._project.module(origin) if origin else None
            if module is None:
                return
            self._enter(module)
            found = survey(module.source)
            if self._use_of(module, found, last):
                return
            if last in found.imported:
                qualified = module.absolute(found.imported[last])
            else:
                for star in sorted(found.stars):
                    self._use_star(module.absolute(star), last, names)

    def _use_star(self, origin: str, last: str, names: set[str]) -> None:
        module = self._project.module(origin)
        if module is not None and module.name not in self._modules:
            self._use_elsewhere(f"{origin}.{last}", names)
        elif module is not None:
            self._use_of(module, survey(module.source), last)

    def _use_module(self, module: ModuleSource, names: set[str]) -> None:
        self._enter(module)
        found = survey(module.source)
        for name in sorted(names):
            if self._use_of(module, found, name):
                continue
            if name in found.imported:
                inner = module.absolute(found.imported[name])
                if self._project.module(inner) is None:
                    self._use_elsewhere(inner, set())
                    continue
            below = self._project.module(f"{module.name}.{name}") if module.is_package else None
            if below is not None and below.name not in self._modules:
                self._use_module(below, names)
            elif below is not None:
                for each in names:
                    self._use_of(below, survey(below.source), each)

    def _make_live(self, module: ModuleSource, found: Survey, name: str) -> None:
        """The class is used, so that its objects and those of its bases may be there."""
        key = module.name, name
        if key in self._live:
            return
        self._live.add(key)
        for method in found.methods.get(name, ()):
            last = method.last_name
            called = last in _CALLED_BY_FRAMEWORKS or last in self._named
            if called or (last.startswith("__") and last.endswith("__")):
                self._reach(module, method)
            else:
                self._waiting.setdefault(last, []).append((module, method))
        self._use(module, set(found.classes[name]))
