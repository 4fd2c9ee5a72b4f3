"""What the text of one module says about seeding and training, function by function.

Modules that the checked file imports are read with Python's own parser, which takes a tenth of
LibCST's time: nothing is reported in them, so neither places nor white space matter. The checked
file is read from the tree that its outline was made of, so that one code decides what seeds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from torchdet.facts.syntax_tree import syntax_tree
from torchdet.reading.randomness.options import Guard, Passed, Value
from torchdet.reading.randomness.tested_code import Under
from torchdet.torch_api.random_numbers import Stream

MODULE = ""
"""The name of the block that holds what runs when the module is imported."""

MAIN = "__main__"
"""The name of the block that only runs when the module is started as a program."""

BY_NAME = "getattr()"
"""Stands among the calls for a look-up in a module by a name that only a run can tell."""


@dataclass(slots=True)
class Part:
    """The code of a block that runs under one condition on an option, or under none.

    ``uses`` are the names and attributes that it reads, ``calls`` the last names of what it calls
    (and not merely decorates with or derives from), ``seeds`` the streams that it seeds by calls
    of known functions, ``helpers`` the last names of functions that seed, as their names say,
    ``steps`` the methods called that training is made of, ``spawns`` the functions that it starts
    in new processes, ``draws`` the functions by which it draws from Python's and NumPy's
    generators.
    """

    uses: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    seeds: set[Stream] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    spawns: set[str] = field(default_factory=set)
    draws: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Block:
    """A function or method with everything inside it, or the code outside of all functions.

    ``name`` is dotted for methods. ``parts`` holds its code by the test of a seed under which it
    runs; None for what no seed decides. ``runs`` are the names that it calls, or passes to what it
    calls, by all the tests around. ``defaults`` are those of its parameters that are seeds.
    """

    name: str
    parameters: frozenset[str] = frozenset()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    parts: dict[Guard | None, Part] = field(default_factory=lambda: {None: Part()})
    runs: dict[Under, set[str]] = field(default_factory=dict)
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

    @property
    def is_function(self) -> bool:
        """Whether it is a function or method, not code outside of all."""
        return self.name not in {MODULE, MAIN}

    @property
    def everything(self) -> Part:
        """All of its code, whatever the options are."""
        if len(self.parts) == 1:
            return self.parts[None]
        whole = Part()
        for part in self.parts.values():
            for name in Part.__slots__:
                getattr(whole, name).update(getattr(part, name))
        return whole

    def part(self, guard: Guard | None) -> Part:
        """The code under ``guard``, to be added to."""
        found = self.parts.get(guard)
        if found is None:
            found = self.parts[guard] = Part()
        return found


@dataclass(frozen=True, slots=True)
class Survey:
    """One module: its blocks by name, the bases of its classes, and the modules that it imports.

    ``imported`` gives each imported name's qualified name (with leading dots where relative),
    ``stars`` the modules of ``from m import *``. ``defaults`` holds the values that options have
    unless they are given, ``passed`` what is passed to functions that seed. ``bare`` are the names
    of functions that are called without anything that can be a seed, ``given`` of those with
    something. ``methods`` are those of each class. ``registered`` are the functions and classes
    with a decorator that may put them into a table. ``tests`` are those around calls, by the line
    and column of the call. ``varying`` are the seeds that are drawn anew in each run, whatever the
    options are. A module that this Python cannot parse is ``opaque``: it may do
    anything.
    """

    blocks: Mapping[str, Block]
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    imported: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, frozenset[Value]] = field(default_factory=dict)
    passed: tuple[Passed, ...] = ()
    varying: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    registered: frozenset[str] = frozenset()
    stars: frozenset[str] = frozenset()
    tests: Mapping[tuple[int, int], Under] = field(default_factory=dict)
    opaque: bool = False
    methods: Mapping[str, tuple[Block, ...]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, list[Block]] = {}
        for block in self.blocks.values():
            if block.owner:
                found.setdefault(block.owner, []).append(block)
        object.__setattr__(self, "methods", {name: tuple(each) for name, each in found.items()})


@lru_cache(maxsize=1024)
def survey(source: str | bytes) -> Survey:
    """What the module with that source says."""
    from torchdet.reading.randomness.survey_reader import SurveyReader

    tree = syntax_tree(source)
    try:
        return SurveyReader().read(tree) if tree is not None else Survey({}, opaque=True)
    except RecursionError:
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
