"""What the mentions of a project's files mean: functions and classes in any of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torchdet.migrate.injection.file_outline import (
    ClassOutline,
    FileOutline,
    FunctionOutline,
    Mention,
    TargetKind,
)

Place = tuple[str, str]
"""A function or class: the path of its file, and its dotted name there."""

_DEEPEST = 12


@dataclass(slots=True)
class ProjectGraph:
    """The outlines of a project, by path."""

    files: Mapping[str, FileOutline]
    _by_name: dict[str, list[str]] = field(default_factory=dict)
    _heirs: dict[Place, list[Place]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in self.files:
            stem = os.path.splitext(os.path.abspath(path))[0]
            name = os.path.basename(stem)
            last = os.path.basename(os.path.dirname(stem)) if name == "__init__" else name
            self._by_name.setdefault(last, []).append(path)
        for path, file in self.files.items():
            for name in file.classes:
                for base in self.bases((path, name)):
                    self._heirs.setdefault(base, []).append((path, name))

    def function(self, place: Place) -> FunctionOutline | None:
        """The function at ``place``."""
        return self.files[place[0]].functions.get(place[1])

    def cls(self, place: Place) -> ClassOutline | None:
        """The class at ``place``."""
        return self.files[place[0]].classes.get(place[1])

    def heirs(self, place: Place) -> Iterator[Place]:
        """The classes that derive from one, at whatever distance."""
        seen: set[Place] = set()
        waiting = list(self._heirs.get(place, ()))
        while waiting:
            heir = waiting.pop()
            if heir not in seen:
                seen.add(heir)
                yield heir
                waiting += self._heirs.get(heir, ())

    def bases(self, place: Place) -> list[Place]:
        """The bases of a class that are of the project."""
        found = self.cls(place)
        named = (self.meaning(name, place[0]) for name in found.bases) if found else ()
        return [each for each in named if each is not None and self.cls(each) is not None]

    def lineage(self, place: Place) -> Iterator[Place]:
        """The class at ``place`` and its bases of the project, the nearest first."""
        seen: set[Place] = set()
        waiting = [place]
        while waiting:
            each = waiting.pop(0)
            if each not in seen:
                seen.add(each)
                yield each
                waiting += self.bases(each)

    def target(self, mention: Mention, path: str) -> Place | None:
        """The function or class of the project that ``mention``, in the file at ``path``, means."""
        target = mention.target
        if target.kind is TargetKind.NAME:
            return self.meaning(target.name, path)
        own = (path, target.owner)
        if target.kind is TargetKind.CLASS:
            return own
        above = list(self.lineage(own))
        for each in above[1:] if target.kind is TargetKind.BASE else above:
            method = (each[0], f"{each[1]}.{target.name}")
            if self.function(method) is not None:
                return each if target.name == "__init__" else method
        return None

    def meaning(self, name: str, path: str, depth: int = 0) -> Place | None:
        """What the absolute dotted ``name`` means in the file at ``path``; ``:name`` is its own."""
        if depth > _DEEPEST or not name:
            return None
        if name.startswith(":"):
            return self._in_file(path, name[1:], depth)
        parts = name.split(".")
        for length in range(len(parts) - 1, 0, -1):
            module = self._module(parts[:length], path)
            if module is not None:
                return self._in_file(module, ".".join(parts[length:]), depth)
        return None

    def _in_file(self, path: str, dotted: str, depth: int) -> Place | None:
        file = self.files[path]
        if dotted.endswith(".__init__") and dotted.removesuffix(".__init__") in file.classes:
            return path, dotted.removesuffix(".__init__")
        if dotted in file.functions or dotted in file.classes:
            return path, dotted
        first, _, rest = dotted.partition(".")
        if first in file.classes and rest:
            for each in list(self.lineage((path, first)))[1:]:
                if self.function((each[0], f"{each[1]}.{rest}")) is not None:
                    return each[0], f"{each[1]}.{rest}"
            return None
        below = f".{rest}" if rest else ""
        if first in file.names:
            return self.meaning(f"{file.names[first]}{below}", path, depth + 1)
        for star in file.stars:
            module = self._module(star.split("."), path)
            found = (
                self._in_file(module, dotted, depth + 1) if module and depth < _DEEPEST else None
            )
            if found is not None:
                return found
        return None

    def _module(self, parts: list[str], path: str) -> str | None:
        """The file of a module, as an import in the file at ``path`` finds it; the nearest one."""
        suffix = os.sep + os.sep.join(parts)
        found = [each for each in self._by_name.get(parts[-1], ()) if _stem(each).endswith(suffix)]
        here = os.path.dirname(os.path.abspath(path))
        by_nearness = sorted(
            found, key=lambda each: (-len(os.path.commonpath([here, os.path.abspath(each)])), each)
        )
        return by_nearness[0] if by_nearness else None


def _stem(path: str) -> str:
    stem = os.path.splitext(os.path.abspath(path))[0]
    return os.path.dirname(stem) if os.path.basename(stem) == "__init__" else stem
