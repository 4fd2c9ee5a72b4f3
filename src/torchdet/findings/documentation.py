"""The rules' documentation, made of their docstrings: pure text, written by nobody here."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from itertools import groupby

from torchdet.findings.base import Rule
from torchdet.model.rule_info import RuleInfo

INDEX = "README.md"

_ORIGIN = "<!-- Generated from the docstrings of the rules by docs/generate_rules.py. -->"


def explanation(rule: RuleInfo) -> str:
    """All about one rule, as Markdown that ends with a newline."""
    on = "on" if rule.default else "off"
    facts = f"{rule.code} · {rule.severity.value} · {on} by default"
    return f"# {rule.name} ({rule.code})\n\n{facts}\n\n{rule.documentation.strip()}\n"


def documentation_pages(rules: Iterable[Rule]) -> Mapping[str, str]:
    """The documentation folder: a page for each rule and an index, by file name."""
    ordered = sorted(rules, key=lambda rule: rule.code)
    pages = {f"{rule.name}.md": _page(rule.info) for rule in ordered}
    return {**pages, INDEX: _index(ordered)}


def _page(rule: RuleInfo) -> str:
    return f"{_ORIGIN}\n\n{explanation(rule)}\n[All rules]({INDEX})\n"


def _index(rules: Iterable[Rule]) -> str:
    parts = [_ORIGIN, "# Rules"]
    for _, family in groupby(rules, key=lambda rule: rule.family):
        members = list(family)
        rows = "\n".join(_row(rule.info) for rule in members)
        header = "| code | name | severity | default | finds |\n| --- | --- | --- | --- | --- |"
        parts += [f"## {_family_title(members[0])}", f"{header}\n{rows}"]
    return "\n\n".join(parts) + "\n"


def _row(rule: RuleInfo) -> str:
    default = "on" if rule.default else "off"
    summary = rule.summary.replace("|", "\\|")
    link = f"[{rule.name}]({rule.name}.md)"
    return f"| {rule.code} | {link} | {rule.severity.value} | {default} | {summary} |"


def _family_title(rule: Rule) -> str:
    """The first sentence of the docstring of the package that the rule is in."""
    package = importlib.import_module(rule.module.rsplit(".", 2)[0])
    first_line = (package.__doc__ or rule.family).strip().partition("\n")[0]
    return first_line.partition(". ")[0].rstrip(".")
