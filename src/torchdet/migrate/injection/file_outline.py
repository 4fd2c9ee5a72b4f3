"""What a file is to the call graph of its project: plain data that travels between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from torchdet.findings.base import Grounds


class Binding(Enum):
    """How a function is called."""

    FUNCTION = "by its name"
    METHOD = "on an instance"
    STATIC = "on a class or an instance, which it does not get"
    CLASS = "on a class, which it gets"


class FunctionRole(Enum):
    """Who calls a function."""

    PLAIN = "other code of the project, or of its users"
    ENTRY = "the program's start, so that the function obtains the handle itself"
    TEST = "pytest, which passes fixtures by their names"
    SETUP = "a test runner, which passes nothing"


@dataclass(frozen=True, slots=True)
class FunctionOutline:
    """A function of the outermost level, or a method of a class there.

    ``name`` is dotted: ``Net.forward``. ``owner`` is the class. ``obstacle`` says why it cannot
    get a parameter. ``handle`` is the parameter by which it receives the handle already, and
    ``resolves`` whether a row makes up for a missing one. ``wraps`` is whether a function inside
    takes all arguments, as that of a decorator does; ``decorators`` are those of the project.
    """

    name: str
    owner: str
    binding: Binding
    role: FunctionRole
    public: bool
    obstacle: Grounds | None = None
    handle: str = ""
    optional: bool = False
    obtains: bool = False
    wraps: bool = False
    decorators: tuple[str, ...] = ()
    effects: int = 0


class ClassKind(Enum):
    """How the instances of a class come by their attributes."""

    PLAIN = "from its `__init__`"
    DATACLASS = "from its fields"
    TEST_CASE = "from `setUp`, since unittest makes them"
    PYTEST = "from fixtures, since pytest makes them"


@dataclass(frozen=True, slots=True)
class ClassOutline:
    """A class of the outermost level, or in one.

    ``bases`` are the absolute dotted names of its bases as far as they are known, empty for the
    others. ``obstacle`` says why its instances cannot keep the handle. ``stores`` is the
    attribute in which they do already. ``initialises`` is whether it has an ``__init__`` of its
    own, ``calls_base`` whether that calls the one of a base.
    """

    name: str
    kind: ClassKind
    bases: tuple[str, ...]
    initialises: bool
    calls_base: bool
    public: bool
    obstacle: Grounds | None = None
    stores: str = ""


class MentionKind(Enum):
    """What is done with a function or a class where it is mentioned."""

    CALL = "called"
    HANDED = "handed to something that calls it"
    VALUE = "kept or passed as a value"
    HARMLESS = "only looked at"


class TargetKind(Enum):
    """How a mention says what it means."""

    NAME = "by a dotted name"
    INSTANCE = "as a method of the instance, or of the class, that the code is in"
    CLASS = "as the class that the code is in"
    BASE = "as a method of the bases of the class that the code is in"


@dataclass(frozen=True, slots=True)
class Target:
    """What a mention means: the absolute dotted ``name``, or a method of the class ``owner``."""

    kind: TargetKind
    name: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that calls or names what may be a function or a class of the project.

    ``within`` is the dotted name of the function around it, empty for code that runs at import
    and None where no handle can be had: in a lambda of the outermost level. ``given`` are the
    keywords that are passed, ``starts`` whether it runs only when the file is started.
    """

    target: Target
    kind: MentionKind
    within: str | None
    given: frozenset[str] = frozenset()
    starts: bool = False


@dataclass(frozen=True, slots=True)
class FileOutline:
    """One file. ``names`` are what its outermost level imports, by the absolute dotted name.

    ``stars`` are the modules that it imports everything from. ``taken`` are names that mean
    something else than the handle. ``program`` is whether the code of its outermost level is one,
    ``main`` whether it has a ``__main__`` block. ``handle`` is the module's name for the handle.
    ``stray`` are the effects at import or in lambdas, which nobody can pass a handle to.
    """

    path: str
    module: str
    is_package: bool
    is_test: bool
    program: bool
    main: bool
    handle: str
    functions: Mapping[str, FunctionOutline] = field(hash=False)
    classes: Mapping[str, ClassOutline] = field(hash=False)
    names: Mapping[str, str] = field(hash=False)
    stars: tuple[str, ...]
    mentions: tuple[Mention, ...]
    taken: frozenset[str]
    lists_fields: bool = False
    stray: int = 0
