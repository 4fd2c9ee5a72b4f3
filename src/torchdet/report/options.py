"""What a renderer may be told besides the reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torchdet.model.consequence import Consequence
from torchdet.model.rule_info import RuleInfo


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How to render.

    ``rules`` are those that ran, for formats that describe them. ``colour`` and ``links``, which is
    whether rules link to their pages, matter to the text formats only. So does ``summary``, whether
    to end with what the findings come to, with how many ``raw_imports`` were left out of the
    reports. That, and the page, take the ``consequences`` of the rules by their codes and the paths
    that are ``tests``. The page, which leaves nothing out, takes the paths ``undecided`` about a
    policy.
    """

    colour: bool = False
    links: bool = False
    summary: bool = True
    rules: tuple[RuleInfo, ...] = ()
    consequences: Mapping[str, Consequence] = field(default_factory=dict)
    tests: frozenset[str] = frozenset()
    raw_imports: int = 0
    undecided: frozenset[str] = frozenset()
