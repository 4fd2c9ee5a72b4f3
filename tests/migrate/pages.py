"""Reads the codemods' test pages: Markdown whose code blocks are cases.

A page ``findings/<family>/<rule_name>/migrated.md`` belongs to one rule. Each ``python`` block is a
file that is migrated, by what answers for this rule alone, and a ``python migrated`` block after it
is the text that comes out; without one the text must stay as it is. A finding that must be refused
has ``# refused: DET301 some words of the reason`` at the end of the line on which it starts; every
other finding of the rule must be mended.

Words on the fence: ``path=pkg/a.py`` names the file (``example.py``), ``typed``, ``unsafe`` and
``facade`` set the migration's configuration, and ``rules=DET101,DET104`` the rules whose findings
are to be answered for, where that is not the page's alone. A ``python other path=pkg/b.py`` block
after a case is another file of the same project. A ``toml`` block before cases holds keys of
``[tool.torchdet]`` for those up to the next heading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import torchdet.findings
from torchdet.model.config import MigrateConfig

PAGES = Path(torchdet.findings.__file__).parent
_FENCE = re.compile(
    r"^```(?P<info>[a-z]+[^\n]*)\n(?P<body>.*?)^```$|^#+ (?P<heading>[^\n]+)$",
    re.DOTALL | re.MULTILINE,
)
_REFUSED = re.compile(r"#\s*refused:\s*(?P<code>DET\d{3})\s+(?P<words>[^#]*?)\s*(?=#|$)")


@dataclass(frozen=True)
class ExpectedRefusal:
    """A finding in row ``row`` that must be refused for a reason which holds ``words``."""

    row: int
    code: str
    words: str


@dataclass(frozen=True)
class Case:
    """One file with what is to become of it."""

    rule: str
    codes: tuple[str, ...]
    heading: str
    row: int
    path: str
    before: str
    migrated: str | None
    others: tuple[tuple[str, str], ...]
    lint_config: str
    config: MigrateConfig

    @property
    def after(self) -> str:
        """The text that must come out."""
        return self.before if self.migrated is None else self.migrated

    def __str__(self) -> str:
        return f"{self.rule}:{self.row}: {self.heading}"


def expected_refusals(text: str) -> list[ExpectedRefusal]:
    """The refusals that the comments of ``text`` announce."""
    return [
        ExpectedRefusal(row, match["code"], match["words"])
        for row, line in enumerate(text.splitlines(), start=1)
        for match in _REFUSED.finditer(line)
    ]


def read_page(page: Path) -> list[Case]:
    """The cases of one page. Raises ``ValueError`` for a fence that means nothing."""
    text = page.read_text(encoding="utf-8")
    cases: list[Case] = []
    name = page.parent.name.replace("_", "-")
    heading = lint_config = ""
    for match in _FENCE.finditer(text):
        if match["heading"] is not None:
            heading, lint_config = match["heading"], ""
            continue
        language, *words = match["info"].split()
        path = next((word[len("path=") :] for word in words if word.startswith("path=")), None)
        named = [word[len("rules=") :] for word in words if word.startswith("rules=")]
        flags = {word for word in words if not word.startswith(("path=", "rules="))}
        if language == "toml":
            lint_config = match["body"]
        elif language != "python":
            raise ValueError(f"{page}: no block is called {match['info']!r}")
        elif flags == {"migrated"}:
            cases[-1] = replace(cases[-1], migrated=match["body"])
        elif flags == {"other"} and path is not None:
            others = (*cases[-1].others, (path, match["body"]))
            cases[-1] = replace(cases[-1], others=others)
        elif flags <= {"typed", "unsafe", "facade"}:
            row = text.count("\n", 0, match.start()) + 1
            config = MigrateConfig(
                keep_types="typed" in flags, facade="facade" in flags, unsafe="unsafe" in flags
            )
            at = path or "example.py"
            codes = tuple(named[0].split(",")) if named else (name,)
            body = match["body"]
            case = Case(name, codes, heading, row, at, body, None, (), lint_config, config)
            cases.append(case)
        else:
            raise ValueError(f"{page}: no block is called {match['info']!r}")
    return cases


def all_cases() -> list[Case]:
    """The cases of every page."""
    return [case for page in sorted(PAGES.glob("*/*/migrated.md")) for case in read_page(page)]
