"""Where a question is asked: the facts of a file, its path, and what the user configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.model.config import LintConfig
from torchdet.reading.project import UNKNOWN_PROJECT, Project

if TYPE_CHECKING:  # FileFacts brings LibCST, which a clean or cached run never imports
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.resolve import Resolution


@dataclass(frozen=True, slots=True)
class Reference:
    """An expression that means a qualified name which the rule asked for.

    ``node`` is the name or attribute itself (the string, in a string annotation), ``name`` the
    qualified name as the rule spelled it. ``exact`` is false when the expression may mean
    something else as well: a fix is then never safe.
    """

    node: cst.BaseExpression
    name: str
    resolution: Resolution
    exact: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file stands: its path, its module's name, the configuration, and the project."""

    config: LintConfig
    path: str
    module_name: str
    project: Project = UNKNOWN_PROJECT


@dataclass(frozen=True, slots=True)
class Context:
    """Where a check happens: the facts of the file, its path, and what the user configured.

    ``module_name`` is the dotted name under which the file would be imported, as far as the
    folders with an ``__init__.py`` tell. ``project`` answers what lies in other files.
    """

    facts: FileFacts
    config: LintConfig
    path: str
    module_name: str
    project: Project = UNKNOWN_PROJECT

    @property
    def place(self) -> Place:
        """Where the file stands."""
        return Place(self.config, self.path, self.module_name, self.project)
