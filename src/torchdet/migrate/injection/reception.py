"""Who receives the handle, and who passes it on: pure, over the outlines of a whole project.

What uses an effect receives the handle, and so does what calls something that receives it, up to
where the program starts. Methods come by it through their instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torchdet.findings.base import Grounds
from torchdet.migrate.injection.file_outline import (
    Binding,
    ClassKind,
    FileOutline,
    FunctionOutline,
    FunctionRole,
    Mention,
    MentionKind,
)
from torchdet.migrate.injection.project_graph import Place, ProjectGraph
from torchdet.migrate.injection.read_outline import FIXTURE, PARAMETERS


@dataclass(frozen=True, slots=True)
class Reception:
    """How one function comes by the handle.

    ``name`` is what it goes by inside. A ``parameter`` is to be added, ``optional`` where others
    may call without it; ``obtained`` is to be obtained in the body instead.
    """

    name: str
    parameter: bool = False
    optional: bool = False
    obtained: bool = False


@dataclass(frozen=True, slots=True)
class Keeping:
    """How instances of one class come by the handle, under the attribute ``name``.

    With ``stores`` the class itself puts it there, with ``initialiser`` in an ``__init__`` that it
    gets. ``optional`` is as for a function.
    """

    name: str
    stores: bool = False
    initialiser: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class FileReception:
    """What is to become of one file: functions and classes by their dotted names.

    ``passed`` are the mentions, by their number, that get the handle, as keyword and expression.
    ``refused`` are functions and classes that cannot receive it, ``kept`` the mentions that keep
    a function which does as a value, so that others call it without.
    """

    path: str
    name: str = "rt"
    functions: Mapping[str, Reception] = field(default_factory=dict, hash=False)
    classes: Mapping[str, Keeping] = field(default_factory=dict, hash=False)
    passed: Mapping[int, tuple[str, str]] = field(default_factory=dict, hash=False)
    refused: Mapping[str, Grounds] = field(default_factory=dict, hash=False)
    kept: tuple[int, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.functions or self.classes or self.passed)


_Spot = tuple[str, int]
"""A mention: the path of its file, and its number there."""


def receptions(files: Mapping[str, FileOutline]) -> dict[str, FileReception]:
    """What is to become of each of ``files``, by path."""
    return _Receptions(ProjectGraph(files)).run()


class _Receptions:
    def __init__(self, graph: ProjectGraph) -> None:
        self._graph = graph
        taken = {name for file in graph.files.values() for name in file.taken}
        self._name = next((each for each in PARAMETERS if each not in taken), "torchdet_rt")
        self._targets: dict[_Spot, Place] = {}
        self._mentions: dict[Place, list[_Spot]] = {}
        for path, file in graph.files.items():
            for number, mention in enumerate(file.mentions):
                place = graph.target(mention, path)
                if place is not None:
                    self._targets[path, number] = place
                    self._mentions.setdefault(place, []).append((path, number))
        self._receiving: dict[Place, None] = {}
        self._initialised: dict[Place, None] = {}
        self._storing: dict[Place, None] = {}
        self._mixed: dict[Place, None] = {}
        self._obtaining: dict[Place, None] = {}
        self._refused: dict[Place, Grounds] = {}

    def run(self) -> dict[str, FileReception]:
        for path, file in self._graph.files.items():
            for function in file.functions.values():
                if function.effects or function.handle:
                    self._need((path, function.name))
            for outline in file.classes.values():
                if outline.stores and outline.kind is not ClassKind.TEST_CASE:
                    self._keep((path, outline.name))
        return {path: self._of_file(path, file) for path, file in self._graph.files.items()}

    # What spreads.

    def _need(self, place: Place) -> None:
        """The function at ``place`` uses the handle, or calls what receives it."""
        function = self._graph.function(place)
        if function is None or place in self._receiving or place in self._obtaining:
            return
        if function.obtains or function.role in (FunctionRole.ENTRY, FunctionRole.SETUP):
            self._obtaining[place] = None
        elif function.binding is Binding.METHOD and function.role is not FunctionRole.TEST:
            owner = (place[0], function.owner)
            if function.name.endswith(".__init__"):
                self._initialise(owner)
            else:
                self._keep(owner)
        elif self._can_receive(place, function):
            self._receiving[place] = None
            self._spread(place)

    def _can_receive(self, place: Place, function: FunctionOutline) -> bool:
        if function.handle:
            return True
        grounds = function.obstacle
        for decorator in function.decorators if function.role is not FunctionRole.TEST else ():
            meant = self._graph.meaning(decorator, place[0])
            wrapper = self._graph.function(meant) if meant is not None else None
            if wrapper is None or not wrapper.wraps:
                grounds = _DECORATED
        if grounds is not None:
            self._refused[place] = grounds
        return grounds is None

    def _spread(self, place: Place) -> None:
        for path, number in self._mentions.get(place, ()):
            mention = self._graph.files[path].mentions[number]
            if mention.within and mention.kind in (MentionKind.CALL, MentionKind.HANDED):
                self._need((path, mention.within))

    def _keep(self, place: Place) -> None:
        """Instances of the class at ``place`` have the handle."""
        outline = self._graph.cls(place)
        if outline is None or place in self._storing or place in self._refused:
            return
        if outline.kind in (ClassKind.TEST_CASE, ClassKind.PYTEST):
            self._storing[place] = None
            return
        tested = [each for each in self._graph.heirs(place) if self._is_test(each)]
        if tested:  # a part of test cases, which their runner makes
            self._storing[place] = self._mixed[place] = None
            for each in tested:
                self._keep(each)
            return
        home = self._home(place)
        if home != place:
            self._keep(home)
            return
        if self._refuses(place):
            return
        self._storing[place] = None
        self._initialise(place)
        for heir in self._graph.heirs(place):
            found = self._graph.cls(heir)
            if found is not None and found.initialises:
                self._initialise(heir)
                if not found.calls_base:
                    self._storing[heir] = None

    def _is_test(self, place: Place) -> bool:
        outline = self._graph.cls(place)
        return outline is not None and outline.kind in (ClassKind.TEST_CASE, ClassKind.PYTEST)

    def _initialise(self, place: Place) -> None:
        """The ``__init__`` of the class at ``place`` receives the handle."""
        if place in self._initialised or self._refuses(place):
            return
        self._initialised[place] = None
        self._spread(place)
        for heir in self._graph.heirs(place):
            if self._home(heir) == place:
                self._spread(heir)

    def _refuses(self, place: Place) -> bool:
        outline = self._graph.cls(place)
        assert outline is not None
        grounds = outline.obstacle
        if outline.kind is ClassKind.DATACLASS and any(
            file.lists_fields for file in self._graph.files.values()
        ):
            grounds = _LISTED
        if grounds is not None:
            self._refused[place] = grounds
        return grounds is not None

    def _home(self, place: Place) -> Place:
        """The class whose ``__init__`` makes the instances of that at ``place``."""
        for each in self._graph.lineage(place):
            outline = self._graph.cls(each)
            if outline is None:
                continue
            if (
                outline.initialises
                or outline.kind is ClassKind.DATACLASS
                or each in self._initialised
            ):
                return each
        return place

    # What comes of it.

    def _of_file(self, path: str, file: FileOutline) -> FileReception:
        passed = {
            number: (self._keyword(place), expression)
            for number, mention in enumerate(file.mentions)
            if (place := self._receiver(path, number)) is not None
            and (expression := self._expression(path, mention)) is not None
            and self._keyword(place) not in mention.given
        }
        functions = dict(self._functions(path, file))
        keeps = {each[1]: self._keeping(each) for each in self._kept() if each[0] == path}
        refused = {place[1]: why for place, why in self._refused.items() if place[0] == path}
        kept = tuple(
            number
            for number, mention in enumerate(file.mentions)
            if mention.kind is MentionKind.VALUE
            and self._targets.get((path, number)) in self._receiving
        )
        return FileReception(path, self._name, functions, keeps, passed, refused, kept)

    def _functions(self, path: str, file: FileOutline) -> Iterator[tuple[str, Reception]]:
        for name, function in file.functions.items():
            place = path, name
            if place in self._obtaining:
                known = function.handle or self._name
                yield name, Reception(known, obtained=not function.obtains)
            elif place in self._receiving:
                known = function.handle or self._parameter(function)
                optional = self._is_optional(place, public=function.public)
                yield name, Reception(known, not function.handle, optional)
            elif name.endswith(".__init__") and (path, function.owner) in self._initialised:
                known = function.handle or self._name
                optional = self._is_optional((path, function.owner), public=function.public)
                yield name, Reception(known, not function.handle, optional)

    def _parameter(self, function: FunctionOutline) -> str:
        return FIXTURE if function.role is FunctionRole.TEST else self._name

    def _kept(self) -> Iterator[Place]:
        return iter(dict.fromkeys((*self._storing, *self._initialised)))

    def _keeping(self, place: Place) -> Keeping:
        outline = self._graph.cls(place)
        assert outline is not None
        above = [
            each for each in self._graph.lineage(place) if each != place and each not in self._mixed
        ]
        inherits = any(each in self._storing for each in above) and (
            outline.calls_base or not outline.initialises
        )
        stores = place in self._storing and not outline.stores and not inherits
        stores = stores and place not in self._mixed
        adds = stores and not outline.initialises and outline.kind is ClassKind.PLAIN
        optional = self._is_optional(place, public=outline.public)
        return Keeping(outline.stores or self._name, stores, adds, optional)

    def _receiver(self, path: str, number: int) -> Place | None:
        """What the mention means, if that receives the handle."""
        place = self._targets.get((path, number))
        if place is None or place in self._receiving:
            return place
        if self._graph.cls(place) is not None and self._home(place) in self._initialised:
            return place
        return None

    def _keyword(self, place: Place) -> str:
        function = self._graph.function(place)
        if function is None:
            function = self._graph.function(self._initialiser(place))
        if function is None:
            return self._name
        return function.handle or self._parameter(function)

    def _initialiser(self, place: Place) -> Place:
        home = self._home(place)
        return home[0], f"{home[1]}.__init__"

    def _expression(self, path: str, mention: Mention) -> str | None:
        """The handle where ``mention`` stands; None where none can be had."""
        if mention.kind not in (MentionKind.CALL, MentionKind.HANDED) or mention.within is None:
            return None
        file = self._graph.files[path]
        if not mention.within:
            running = file.program or mention.starts
            return (file.handle or self._name) if running else None
        return self.handle_in((path, mention.within))

    def handle_in(self, place: Place) -> str | None:
        """The expression for the handle in the function at ``place``."""
        function = self._graph.function(place)
        if function is None:
            return None
        if place in self._receiving or place in self._obtaining:
            return function.handle or self._parameter(function)
        if function.binding is not Binding.METHOD:
            return None
        owner = (place[0], function.owner)
        if function.name.endswith(".__init__"):
            return (function.handle or self._name) if owner in self._initialised else None
        if any(each in self._storing for each in self._graph.lineage(owner)):
            return f"self.{self._name}"
        return None

    def _is_optional(self, place: Place, *, public: bool) -> bool:
        """Whether somebody calls without the handle, or may."""
        if public:
            return True
        outline = self._graph.cls(place)
        meant = [place]
        if outline is not None:
            meant += [each for each in self._graph.heirs(place) if self._home(each) == place]
        for each in meant:
            for path, number in self._mentions.get(each, ()):
                mention = self._graph.files[path].mentions[number]
                if mention.kind is MentionKind.HARMLESS:
                    continue
                if self._expression(path, mention) is None:
                    return True
        return False


_DECORATED = Grounds(
    "a decorator that may not pass keywords on decides how it is called",
    "let the decorator pass `**kwargs` on, or give the function the device that it needs",
)
_LISTED = Grounds(
    "it is a dataclass, and the project turns the fields of dataclasses into data (`asdict`)",
    "pass the handle to the methods that need it",
)
