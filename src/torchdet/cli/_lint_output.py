"""What ``torchdet lint`` prints, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torchdet.cli._checked import Checked
from torchdet.cli._exit import Exit
from torchdet.cli._output import say
from torchdet.config_file import ConfigError
from torchdet.findings.registry import all_cards, all_rules
from torchdet.model.config import LintConfig
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.model.suggest import did_you_mean
from torchdet.report import DESCRIBING_FORMATS, FORMATS, TEXT_FORMATS, render, rule_statistics
from torchdet.report.options import RenderOptions
from torchdet.terminal import use_links

_DEFAULT_FORMAT = "full"


def configured_format(config: LintConfig) -> str:
    """The output format that ``config`` names, or the default. Raises ``ConfigError``."""
    if config.output_format and config.output_format not in FORMATS:
        names = ", ".join(sorted(FORMATS))
        hint = did_you_mean(config.output_format, FORMATS)
        source = f"{config.sources[0]}: " if config.sources else ""
        raise ConfigError(
            f"{source}output-format: {config.output_format!r} is not one of {names}{hint}"
        )
    return config.output_format or _DEFAULT_FORMAT


def lint_text(
    checked: Checked, output_format: str, *, statistics: bool, colour: bool, quiet: bool
) -> str:
    """What a run prints on standard output."""
    for_people = output_format in TEXT_FORMATS
    if statistics:
        if for_people:
            return rule_statistics.render_text(checked.reports, colour=colour)
        return rule_statistics.render_json(checked.reports)
    if not for_people:
        describes = output_format in DESCRIBING_FORMATS
        return render(
            output_format, checked.reports, _described(checked) if describes else RenderOptions()
        )
    shown, raw_imports = checked.without_raw_imports()
    options = RenderOptions(
        colour=colour,
        links=colour and use_links(),
        summary=not quiet,
        consequences=_consequences(),
        tests=checked.tests(),
        raw_imports=raw_imports,
    )
    return render(output_format, shown.reports, options)


def _described(checked: Checked) -> RenderOptions:
    return RenderOptions(
        rules=tuple(rule.info for rule in all_rules()),
        consequences=_consequences(),
        tests=checked.tests(),
        undecided=checked.undecided(),
    )


def _consequences() -> Mapping[str, Consequence]:
    return {card.code: card.consequence for card in all_cards()}


def say_done(reports: Sequence[FileReport], seconds: float) -> None:
    silenced = sum(report.suppressed for report in reports)
    counted = "1 file" if len(reports) == 1 else f"{len(reports)} files"
    say(f"{counted} in {seconds:.2f} s; {silenced} findings suppressed")


def exit_code(checked: Checked, fail_on: Severity | None, *, exit_zero: bool) -> int:
    if any(report.failed for report in checked.reports):
        return Exit.FAILED
    fails = not exit_zero and checked.fails(fail_on)
    return Exit.FINDINGS if fails else Exit.CLEAN
