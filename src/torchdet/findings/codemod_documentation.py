"""The page about the codemods, made of their docstrings."""

from __future__ import annotations

from collections.abc import Mapping

from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod
from torchdet.model.rule_info import RuleInfo

_OPENING = """\
# What `torchdet fix --migrate` does

Every finding of `torchdet lint` is answered for: by the codemod of its rule, with edits or with a
refusal that has its reason and what to do by hand, or, where the rule has no codemod, by a refusal
that says why a migration leaves such code. What `lint` does not report is not touched, and a
comment that suppresses a finding keeps its code as it is. Changes that may alter what the program
does are made with `--unsafe-fixes` only. `--facade` is about imports alone: it asks no rules but
those of DET1xx.

Where only a part of a project is named, the rest of it is still read: another file may have a
`cuda` method of its own, or compare a setting that would become a device. A `setup.py` that builds
the package stays as it is, because the build need not have the runtime.

The report of `--report` gives changes by their places before the run, and refusals by those after
it: in the migrated text, or in the file as it is with `--diff`.

The sections below are generated from the docstrings of the codemods.
"""


def codemods_page(answers: Mapping[RuleInfo, Codemod[object] | Grounds]) -> str:
    """A section for each codemod, and a table of the rules without one, in the order given."""
    sections = [
        _section(rule, answer)
        for rule, answer in answers.items()
        if not isinstance(answer, Grounds)
    ]
    rows = [
        f"| {_link(rule)} | {answer.reason} | {answer.advice} |"
        for rule, answer in answers.items()
        if isinstance(answer, Grounds)
    ]
    return "\n".join([_OPENING, *sections, _WITHOUT, *rows, ""])


_WITHOUT = """\
## Findings that a migration leaves

| rule | why | what to do |
|---|---|---|"""


def _section(rule: RuleInfo, codemod: Codemod[object]) -> str:
    documentation = codemod.documentation.strip().replace("``", "`")
    return f"## {codemod.name}\n\nFor {_link(rule)}.\n\n{documentation}\n"


def _link(rule: RuleInfo) -> str:
    return f"[{rule.code}](rules/{rule.name}.md)"
