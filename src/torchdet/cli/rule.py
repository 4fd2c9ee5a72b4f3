"""``torchdet rule``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from torchdet.cli._options import complete_rules
from torchdet.cli._output import write_text
from torchdet.findings.base import Rule
from torchdet.findings.documentation import explanation
from torchdet.findings.registry import all_rules
from torchdet.model.suggest import did_you_mean
from torchdet.report.characters import json_text
from torchdet.report.json_object import rule_object
from torchdet.report.terminal_markdown import terminal_markdown
from torchdet.terminal import use_colour


@click.command(short_help="Explain a rule, or all of them.")
@click.argument("code_or_name", required=False, metavar="CODE|NAME", shell_complete=complete_rules)
@click.option("--all", "every", is_flag=True, help="Explain all rules.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="Markdown for people, or JSON.")  # fmt: skip
def rule(code_or_name: str | None, every: bool, output_format: str) -> None:
    """Explain the rule CODE or NAME (DET301, hardcoded-device), or all rules.

    The beginning of a code (DET3) lists the rules of that family. JSON is an object for one rule,
    and an array of objects for several.
    """
    if every == (code_or_name is not None):
        raise click.UsageError("name one rule by its code or name, or ask for --all")
    rules = all_rules() if code_or_name is None else _find(code_or_name)
    family = code_or_name is not None and len(rules) > 1
    if output_format == "json":
        objects = [rule_object(each.info) for each in rules]
        document = objects if every or family else objects[0]
        write_text(json_text(document))
        return
    if family:
        write_text(_overview(rules))
        return
    text = "\n".join(explanation(each.info) for each in rules)
    write_text(terminal_markdown(text) if use_colour() else text)


def _overview(rules: Sequence[Rule]) -> str:
    """A line for each of ``rules``, and how to go on."""
    width = max(len(each.name) for each in rules)
    lines = [f"{each.code}  {each.name:<{width}}  {each.info.summary}" for each in rules]
    return "".join(f"{line}\n" for line in (*lines, "", "torchdet rule CODE explains one of them."))


def _find(code_or_name: str) -> tuple[Rule, ...]:
    """The rule with this code or name, or those whose codes begin with it, in capitals or not.

    Raises ``click.BadParameter``.
    """
    rules = all_rules()
    asked = code_or_name.lower()
    exact = tuple(each for each in rules if asked in (each.code.lower(), each.name))
    family = tuple(each for each in rules if each.code.lower().startswith(asked))
    if exact or (family and asked.startswith("det")):
        return exact or family
    near = did_you_mean(code_or_name, [key for each in rules for key in (each.code, each.name)])
    raise click.BadParameter(f"unknown rule {code_or_name!r}{near}", param_hint="CODE|NAME")
