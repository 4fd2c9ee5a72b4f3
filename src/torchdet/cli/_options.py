"""What was said on the command line, as data, and how it changes a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import TypeVar

import click

from torchdet.engine.settings import check_selectors, expand_severities
from torchdet.model.config import LintConfig
from torchdet.rules.registry import SelectorError, matching_rules

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """``--select``, ``--ignore`` and ``--extend-select``; empty where the option was not given."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()

    def override(self, config: LintConfig) -> LintConfig:
        """``config`` with these options in force and its selectors checked and expanded.

        As with ruff, ``--select`` replaces the configured selection and ``--ignore`` adds to what
        is ignored. Raises ``SelectorError`` for a selector in ``config`` that means no rule.
        """
        extended = self.extend_select if self.select else config.extend_select + self.extend_select
        selected = replace(
            config,
            select=self.select or config.select,
            ignore=config.ignore + self.ignore,
            extend_select=extended,
        )
        check_selectors(selected)
        return expand_severities(selected)


def parse_selectors(
    _context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """A click callback: the selectors of an option that takes them separated by commas.

    Raises ``click.BadParameter`` for one that means no rule, before any file is looked at.
    """
    selectors = tuple(part.strip() for value in values for part in value.split(",") if part.strip())
    try:
        for selector in selectors:
            matching_rules(selector)
    except SelectorError as error:
        raise click.BadParameter(str(error), param=parameter) from None
    return selectors


def rule_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a command the options that select rules; it gets them as ``rules``."""

    @click.option(
        "--select",
        callback=parse_selectors,
        multiple=True,
        help="Rules to run, by code, family (DET3) or name; replaces the configured ones.",
    )
    @click.option("--ignore", callback=parse_selectors, multiple=True, help="Rules not to run.")
    @click.option(
        "--extend-select", callback=parse_selectors, multiple=True, help="Rules to run as well."
    )
    @wraps(command)
    def with_rules(
        select: tuple[str, ...],
        ignore: tuple[str, ...],
        extend_select: tuple[str, ...],
        **others: object,
    ) -> _Result:
        return command(rules=RuleOptions(select, ignore, extend_select), **others)

    return with_rules
