"""The page about the codemods, made of their docstrings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torchdet.findings.codemod import Codemod
from torchdet.model.diagnostic import rule_page
from torchdet.model.rule_info import RuleInfo

_OPENING = """\
# What `torchdet fix --migrate` does

A codemod answers for the findings of some rules of `torchdet lint`: by edits, or by a refusal
with its reason and what a person should do. What `lint` does not report is not touched, and a
comment that suppresses a finding keeps its code as it is. Changes that may alter what the program
does are made with `--unsafe-fixes` only.

Where only a part of a project is named, the rest of it is still read: another file may have a
`cuda` method of its own, or compare a setting that would become a device. A `setup.py` that builds
the package stays as it is, because the build need not have the runtime.

The report of `--report` gives changes by their places before the run, and refusals by those after
it: in the migrated text, or in the file as it is with `--diff`.

The sections below are generated from the docstrings of the codemods.
"""


def codemods_page(codemods: Iterable[Codemod], rules: Mapping[str, RuleInfo]) -> str:
    """A section for each of ``codemods``, in the order of their rules; ``rules`` are by code."""
    ordered = sorted(codemods, key=lambda codemod: (codemod.facade, codemod.codes))
    return "\n".join([_OPENING, *(_section(codemod, rules) for codemod in ordered)])


def _section(codemod: Codemod, rules: Mapping[str, RuleInfo]) -> str:
    links = ", ".join(
        f"[{code}](../{rule_page(rules[code].name)})".replace("../docs/", "")
        for code in codemod.codes
    )
    mode = ", with `--facade`" if codemod.facade else ""
    documentation = codemod.documentation.strip().replace("``", "`")
    return f"## {codemod.name}\n\nFor {links}{mode}.\n\n{documentation}\n"
