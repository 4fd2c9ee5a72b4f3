"""What the check of one file depends on beside its bytes."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.config import LintConfig
from torchdet.rules.base import Rule


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """The rules that may fire, the configuration they read, and the file's importable name."""

    rules: tuple[Rule, ...]
    config: LintConfig
    module_name: str = ""
