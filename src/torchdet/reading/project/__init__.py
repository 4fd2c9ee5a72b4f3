"""What a rule may ask about the rest of the project: other modules, and the programs it installs.

A check is a pure function of one file's bytes. The few rules whose answer lies in another file
(is the generator seeded by a module that this one imports?) ask a `Project`; the engine decides
where answers come from and keeps a record of them, so that a cached report is used only as long
as all of them stay the same.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Protocol

NOT_OF_PROJECTS = sys.stdlib_module_names | {"torch", "numpy"}
"""The packages that are looked for in no project, whatever else may have their names."""


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """One module of the project: its dotted name, its bytes, and whether it is a package.

    ``text`` is given where the bytes have been decoded already.
    """

    name: str
    data: bytes
    is_package: bool = False
    text: str | None = None

    @property
    def source(self) -> str | bytes:
        """What a parser is given."""
        return self.data if self.text is None else self.text

    def absolute(self, name: str) -> str:
        """The absolute form of a ``name`` that this module imports: ``.seed``, ``..kit.seed``.

        >>> ModuleSource("kit.train", b"").absolute(".seed")
        'kit.seed'
        >>> ModuleSource("kit", b"", is_package=True).absolute(".seed")
        'kit.seed'
        """
        dots = len(name) - len(name.lstrip("."))
        if not dots:
            return name
        parts = self.name.split(".")
        above = parts[: len(parts) - dots + self.is_package]
        return ".".join(part for part in (*above, name[dots:]) if part)

    def imports(self, package: str) -> bool:
        """Whether a line of this module imports the top-level ``package``, or a part of it.

        >>> ModuleSource("kit.a", b"import os, torch.nn").imports("torch")
        True
        """
        name = re.escape(package.encode())
        line = rb"^[ \t]*(?:from[ \t]+%b\b|import[ \t](?:[^,\n]*,)*[ \t]*%b\b)" % (name, name)
        return package.encode() in self.data and bool(re.search(line, self.data, re.MULTILINE))


class Project(Protocol):
    """The project around one file, as that file's imports see it."""

    def __hash__(self) -> int:
        """By identity: what was worked out with one is not known of another."""

    def module(self, name: str) -> ModuleSource | None:
        """The module with the absolute dotted ``name``; None where the project has none."""

    def console_scripts(self, module_name: str) -> frozenset[str]:
        """The functions of a module that the project's metadata installs as commands."""

    def answers(self) -> tuple[tuple[str, str], ...]:
        """What was asked so far, each question with a digest of its answer, sorted."""

    def still_answers(self, answers: tuple[tuple[str, str], ...]) -> bool:
        """Whether each of these questions still has the answer of that digest."""

    def looked_at(self) -> tuple[tuple[str, str], ...]:
        """The paths that were looked at for the answers, each with its state before."""


class UnknownProject:
    """A file that stands alone: nothing is known beside it."""

    __slots__ = ()

    def module(self, name: str) -> ModuleSource | None:
        """None, for every ``name``."""
        del name
        return None

    def console_scripts(self, module_name: str) -> frozenset[str]:
        """No commands."""
        del module_name
        return frozenset()

    def answers(self) -> tuple[tuple[str, str], ...]:
        """Nothing that could change."""
        return ()

    def still_answers(self, answers: tuple[tuple[str, str], ...]) -> bool:
        """Whether nothing was asked: with questions, a project was known then."""
        return not answers

    def looked_at(self) -> tuple[tuple[str, str], ...]:
        """Nothing."""
        return ()


UNKNOWN_PROJECT = UnknownProject()
