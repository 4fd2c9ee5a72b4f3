"""Reads the page of a rule: Markdown whose code blocks are cases.

A page ``findings/<family>/<rule_name>/cases.md`` belongs to one rule. Each ``python`` block is one
file, and the words on its fence say what is done to it:

``python``
    The rule checks the file. A comment at the end of a line names the codes of the findings that
    start there, and a block without such a comment is a near-miss, which must stay silent.
    ``# DET301:9`` gives the column (one-based) in which the finding starts, ``# DET301 "words"``
    a part of its message, and ``# DET301:9 "words"`` both.
``python fixed``
    The text of the case before it after all fixes, unsafe ones included. Without this block, no
    fix changes the case.
``python migrate``
    The file is migrated for this rule alone. ``# refused: DET301 some words of the reason`` ends a
    line on which a finding starts that must be refused; every other finding must be mended.
    ``typed``, ``unsafe``, ``facade`` and ``keep`` on the fence configure the migration,
    and ``rules=DET101,DET104`` names the rules to answer for where they are not the page's alone.
``python migrated``
    The text of the case before it after the migration. Without this block, nothing changes.
``yaml``
    The same of a configuration, which is ``example.yaml`` otherwise.
``python beside path=pkg/b.py``
    No case, but another file of the project of the next case; ``toml beside path=...`` is one of
    its metadata.
``toml``
    Keys of ``[tool.torchdet]`` for the cases up to the next heading.

``path=pkg/a.py`` on the fence of a case names its file, which is ``example.py`` otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torchdet.findings
from torchdet.model.config import MigrateConfig

PAGES = sorted(Path(torchdet.findings.__file__).parent.glob("*/*/cases.md"))
_FENCE = re.compile(
    r"^```(?P<info>[a-z]+[^\n]*)\n(?P<body>.*?)^```$|^#+ (?P<heading>[^\n]+)$",
    re.DOTALL | re.MULTILINE,
)
_FINDING = r'DET\d{3}(?::\d+)?(?: "[^"]*")?'
_MARK = re.compile(rf"#\s*({_FINDING}(?:\s+{_FINDING})*)\s*$")
_PARTS = re.compile(r'(?P<code>DET\d{3})(?::(?P<column>\d+))?(?: "(?P<words>[^"]*)")?')
_REFUSED = re.compile(r"#\s*refused:\s*(?P<code>DET\d{3})\s+(?P<words>[^#]*?)\s*(?=#|$)")
_SUFFIXES = {"python": "py", "yaml": "yaml"}
_MIGRATE = {"migrate", "typed", "unsafe", "facade", "keep"}


@dataclass(frozen=True, order=True)
class Expected:
    """A finding that a comment announces; column 0 is any, and no words are in every message."""

    row: int
    code: str
    column: int = 0
    words: str = ""


@dataclass(frozen=True)
class ExpectedRefusal:
    """A finding in row ``row`` that must be refused for a reason that holds ``words``."""

    row: int
    code: str
    words: str


@dataclass(frozen=True)
class Case:
    """One file of a page, with the files ``beside`` it."""

    rule_name: str
    heading: str
    row: int
    source: str
    path: str
    config: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.rule_name}:{self.row}: {self.heading}"


@dataclass(frozen=True)
class CheckCase(Case):
    """A file that the rule checks, and the text that its fixes make of it."""

    fixed: str | None = None

    @property
    def expected(self) -> list[Expected]:
        """What the comments announce; of one code in one row, in the order of the columns."""
        return sorted(
            Expected(row, part["code"], int(part["column"] or 0), part["words"] or "")
            for row, line in enumerate(self.source.splitlines(), start=1)
            for mark in _MARK.finditer(line)
            for part in _PARTS.finditer(mark[1])
        )


@dataclass(frozen=True)
class MigrationCase(Case):
    """A file that is migrated for the rules ``codes``, and the text that comes out."""

    codes: tuple[str, ...] = ()
    options: MigrateConfig = field(default_factory=MigrateConfig)
    migrated: str | None = None

    @property
    def after(self) -> str:
        """The text that must come out."""
        return self.source if self.migrated is None else self.migrated


def expected_refusals(text: str) -> list[ExpectedRefusal]:
    """The refusals that the comments of ``text`` announce."""
    return [
        ExpectedRefusal(row, match["code"], match["words"])
        for row, line in enumerate(text.splitlines(), start=1)
        for match in _REFUSED.finditer(line)
    ]


def check_cases(page: Path) -> list[CheckCase]:
    """The cases of one page that its rule checks."""
    return [case for case in read_page(page) if isinstance(case, CheckCase)]


def migration_cases(page: Path) -> list[MigrationCase]:
    """The cases of one page that are migrated."""
    return [case for case in read_page(page) if isinstance(case, MigrationCase)]


def read_page(page: Path) -> list[Case]:
    """The cases of one page. Raises ``ValueError`` for a fence that means nothing."""
    text = page.read_text(encoding="utf-8")
    cases: list[Case] = []
    rule_name = page.parent.name.replace("_", "-")
    heading = config = ""
    beside: dict[str, str] = {}
    for match in _FENCE.finditer(text):
        if match["heading"] is not None:
            heading, config, beside = match["heading"], "", {}
            continue
        language, *words = match["info"].split()
        options = dict(word.split("=", 1) for word in words if "=" in word)
        flags = {word for word in words if "=" not in word}
        body, path = match["body"], options.pop("path", "")
        row = text.count("\n", 0, match.start()) + 1
        named = path or f"example.{_SUFFIXES.get(language, '')}"
        case = Case(rule_name, heading, row, body, named, config, beside)
        last = cases[-1] if cases else None
        if language in {"python", "toml"} and flags == {"beside"} and path and not options:
            beside[path] = body
            continue
        if language == "toml" and not words:
            config = body
            continue
        if language in _SUFFIXES and not flags and not options:
            cases.append(CheckCase(**vars(case)))
        elif language == "python" and "migrate" in flags and flags <= _MIGRATE:
            codes = tuple(options.pop("rules", rule_name).split(","))
            cases.append(MigrationCase(**vars(case), codes=codes, options=_options(flags)))
        elif words == ["fixed"] and isinstance(last, CheckCase):
            cases[-1] = replace(last, fixed=body)
        elif words == ["migrated"] and isinstance(last, MigrationCase):
            cases[-1] = replace(last, migrated=body)
        else:
            raise ValueError(f"{page}:{row}: no block is called {match['info']!r}")
        beside = {}
    return cases


def _options(flags: set[str]) -> MigrateConfig:
    return MigrateConfig(
        keep_types="typed" in flags,
        facade="facade" in flags,
        keep_imports="keep" in flags,
        unsafe="unsafe" in flags,
    )
