"""``torchdet rule``."""

from __future__ import annotations

import click

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
@click.argument("code_or_name", required=False, metavar="CODE|NAME")
@click.option("--all", "every", is_flag=True, help="Explain all rules.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="Markdown for people, or JSON.")  # fmt: skip
def rule(code_or_name: str | None, every: bool, output_format: str) -> None:
    """Explain the rule CODE or NAME (DET301, hardcoded-device), or all rules.

    JSON is an object for one rule and an array of objects for --all.
    """
    if every == (code_or_name is not None):
        raise click.UsageError("name one rule by its code or name, or ask for --all")
    rules = all_rules() if code_or_name is None else (_find(code_or_name),)
    if output_format == "json":
        objects = [rule_object(each.info) for each in rules]
        document = objects if every else objects[0]
        write_text(json_text(document))
        return
    text = "\n".join(explanation(each.info) for each in rules)
    write_text(terminal_markdown(text) if use_colour() else text)


def _find(code_or_name: str) -> Rule:
    """The rule with this code or name, in capitals or not. Raises ``click.BadParameter``."""
    rules = all_rules()
    for each in rules:
        if code_or_name.lower() in (each.code.lower(), each.name):
            return each
    near = did_you_mean(code_or_name, [key for each in rules for key in (each.code, each.name)])
    raise click.BadParameter(f"unknown rule {code_or_name!r}{near}", param_hint="CODE|NAME")
