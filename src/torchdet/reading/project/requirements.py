"""What a project requires, as its packaging files declare it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

_OPERATORS_WITH_FLOOR = frozenset({">=", ">", "==", "~=", "==="})
_PART_OF_NAME = re.compile(r"[\w.-]")
_POETRY_FLOOR = re.compile(r"[\^~]\s*(?=\d)")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_PIP_OPTION = re.compile(r"\s--?[A-Za-z].*")


class RequirementForm(Enum):
    """How a file writes a requirement: the value is one of ``{name}``."""

    STRING = '"{name}",'
    LINE = "{name}"
    KEY = '{name} = "*"'


class RequiredFor(Enum):
    """What needs a requirement, in the order in which they tell the oldest release allowed."""

    RUN = "the project"
    FILE = "whoever installs what the file lists"
    EXTRA = "an extra or a dependency group"


@dataclass(frozen=True, slots=True)
class DeclaredRequirement:
    """One requirement: its ``text`` as in PEP 508, and the ``row`` of the file ``path``."""

    text: str
    path: str
    row: int
    form: RequirementForm
    needed_for: RequiredFor

    def is_of(self, name: str) -> bool:
        """Whether the distribution ``name`` is required, which is in lower case.

        >>> torch = DeclaredRequirement("torch>=2.4", "", 1, RequirementForm.LINE, RequiredFor.RUN)
        >>> torch.is_of("torch"), torch.is_of("torchvision")
        (True, False)
        """
        text = self.text.lstrip()
        named = text[: len(name)].lower() == name
        return named and _PART_OF_NAME.match(text, len(name)) is None

    def floor(self) -> tuple[int, int] | None:
        """The oldest release that is allowed, as ``(major, minor)``; None where none is.

        >>> line = DeclaredRequirement("torch~=2.4.1", "", 1, RequirementForm.LINE, RequiredFor.RUN)
        >>> line.floor()
        (2, 4)
        """
        from packaging.requirements import InvalidRequirement, Requirement
        from packaging.version import InvalidVersion, Version

        try:
            bounds = [
                Version(each.version.removesuffix(".*"))
                for each in Requirement(self.text).specifier
                if each.operator in _OPERATORS_WITH_FLOOR
            ]
        except (InvalidRequirement, InvalidVersion):
            return None
        if not bounds:
            return None
        oldest = max(bounds)
        return oldest.major, oldest.minor


def oldest_release(
    requirements: Iterable[DeclaredRequirement], name: str
) -> tuple[int, int] | None:
    """The oldest release of ``name`` that ``requirements`` allow; None where they allow any.

    What the project needs in order to run counts before files to install, and those before extras.
    Of several requirements of that kind, as for two platforms, the most permissive counts.
    """
    of_name = [each for each in requirements if each.is_of(name)]
    for needed_for in RequiredFor:
        floors = [each.floor() for each in of_name if each.needed_for is needed_for]
        known = [floor for floor in floors if floor is not None]
        if known:
            return min(known)
    return None


def requirements_of_file(path: str, text: str) -> Iterator[DeclaredRequirement]:
    """The requirements that the ``text`` of a file for ``pip install -r`` lists."""
    goes_on = False
    for row, line in enumerate(text.splitlines(), start=1):
        required = "" if goes_on else _PIP_OPTION.sub("", _COMMENT.sub("", line)).strip(" \t\\")
        goes_on = line.endswith("\\")
        if required and not required.startswith("-"):
            yield DeclaredRequirement(required, path, row, RequirementForm.LINE, RequiredFor.FILE)


def of_poetry(name: str, version: str) -> str:
    """The requirement that a key of a Poetry table declares, in the form of PEP 508.

    >>> of_poetry("torch", "^2.4"), of_poetry("torch", "2.4.1"), of_poetry("torch", "*")
    ('torch>=2.4', 'torch==2.4.1', 'torch')
    """
    if version.strip() in {"", "*"}:
        return name
    specifier = _POETRY_FLOOR.sub(">=", version.strip())
    return f"{name}=={specifier}" if specifier[0].isdigit() else f"{name}{specifier}"
