"""What a rule says of a file's outline, before LibCST has parsed the file.

A screen never judges: it tells where a rule certainly has nothing to report, and lets pass whatever
it does not understand. It needs no more of a rule than the tables that the rule is called by; where
a key of them is too common, such as the attribute ``to``, it looks at the arguments as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # whoever has an outline has loaded ``ast`` for it
    from torchdet.facts.screen import Mention, Outline
    from torchdet.reading.context import Place

FileScreen: TypeAlias = "Callable[[Outline, Place], bool]"
"""Whether the rule may have something to report in a file at all."""

MentionScreen: TypeAlias = "Callable[[Mention, Outline, Place], bool]"
"""Whether the rule may have something to report where its key is mentioned."""


@dataclass(frozen=True, slots=True)
class PlainDraft:
    """A finding in a file that LibCST has not parsed: places in the text in place of nodes.

    ``first_row`` and ``last_row`` are those of the statement, ``inside`` is the dotted name of the
    functions and classes around it.
    """

    start: int
    end: int
    message: str
    first_row: int
    last_row: int
    inside: str


Decision: TypeAlias = "Callable[[Outline, Place], tuple[PlainDraft, ...] | None]"
"""All that the rule reports in a file; None where it takes LibCST to say."""


def _always(_outline: Outline, _place: Place) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Screen:
    """What a rule can say of an outline.

    ``file`` is asked first, then ``mentions`` by the keys of the rule's tables of names and
    attributes; a mention whose key is not there may be a finding. ``decide`` is only given by
    rules for which the outline holds everything; it is asked in place of the others.
    """

    file: FileScreen = _always
    mentions: Mapping[str, MentionScreen] = field(default_factory=dict)
    decide: Decision | None = None
