"""Reads the rules' test pages: Markdown whose code blocks are cases.

A page ``findings/<family>/<rule_name>/cases.md`` belongs to one rule. Each ``python`` block is one
file. A line on which findings start ends with a comment that names their codes; a block without
such a comment must stay silent. ``# DET301:9`` says in which column (one-based) the finding starts,
``# DET301 "words"`` what its message holds, and ``# DET301:9 "words"`` both.

A ``toml`` block before it holds keys of ``[tool.torchdet]``, and ``path=`` on the fence names the
file. A ``python beside path=...`` block is no case but another file of the project in which the
next case stands, and ``toml beside path=...`` is one of its metadata. A ``python fixed`` block
after it is the text once all fixes, unsafe ones included, were applied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torchdet.findings

PAGES = Path(torchdet.findings.__file__).parent
_FENCE = re.compile(
    r"^```(?P<info>[a-z]+[^\n]*)\n(?P<body>.*?)^```$|^#+ (?P<heading>[^\n]+)$",
    re.DOTALL | re.MULTILINE,
)
_FINDING = r'DET\d{3}(?::\d+)?(?: "[^"]*")?'
_MARK = re.compile(rf"#\s*({_FINDING}(?:\s+{_FINDING})*)\s*$")
_PARTS = re.compile(r'(?P<code>DET\d{3})(?::(?P<column>\d+))?(?: "(?P<words>[^"]*)")?')


@dataclass(frozen=True, order=True)
class Expected:
    """A finding that a comment announces; column 0 is any, and no words are in every message."""

    row: int
    code: str
    column: int = 0
    words: str = ""


@dataclass(frozen=True)
class Case:
    """One code block with what is expected of it."""

    rule_name: str
    heading: str
    row: int
    source: str
    path: str
    config: str
    fixed: str | None
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> list[Expected]:
        """What the comments announce; of one code in one row, in the order of the columns."""
        return sorted(
            Expected(row, part["code"], int(part["column"] or 0), part["words"] or "")
            for row, line in enumerate(self.source.splitlines(), start=1)
            for mark in _MARK.finditer(line)
            for part in _PARTS.finditer(mark[1])
        )

    def __str__(self) -> str:
        return f"{self.rule_name}:{self.row}: {self.heading}"


def read_page(page: Path) -> list[Case]:
    """The cases of one page."""
    text = page.read_text(encoding="utf-8")
    cases: list[Case] = []
    rule_name = page.parent.name.replace("_", "-")
    heading = config = ""
    beside: dict[str, str] = {}
    for match in _FENCE.finditer(text):
        if match["heading"] is not None:
            heading, config, beside = match["heading"], "", {}
            continue
        language, *options = match["info"].split()
        named = [option[len("path=") :] for option in options if option.startswith("path=")]
        if "beside" in options:
            beside[named[0]] = match["body"]
        elif language == "toml":
            config = match["body"]
        elif language == "python" and options == ["fixed"]:
            cases.append(replace(cases.pop(), fixed=match["body"]))
        elif language == "python":
            row = text.count("\n", 0, match.start()) + 1
            path = named[0] if named else "example.py"
            case = Case(rule_name, heading, row, match["body"], path, config, None, beside)
            cases.append(case)
            beside = {}
    return cases
