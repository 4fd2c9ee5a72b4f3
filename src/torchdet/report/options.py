"""What a renderer may be told besides the reports."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.rule_info import RuleInfo


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How to render.

    ``colour`` and ``summary`` (the last line, which counts) matter to the text formats only.
    ``rules`` are those that ran, for formats that describe them.
    """

    colour: bool = False
    summary: bool = True
    rules: tuple[RuleInfo, ...] = ()
