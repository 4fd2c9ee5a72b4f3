"""The flake8 plugin: codes ``DET…``, with flake8's own selection and ``# noqa``.

flake8 decides what is shown: its ``--select``, ``--ignore``, ``per-file-ignores`` and ``# noqa``
work as for any plugin, and rules that are off by default are ignored by default. The rest
(policy, runtime modules, target devices, what torchdet itself is told to ignore) comes from the
nearest ``[tool.torchdet]``. flake8 reads modules alone: a notebook that it is given is told so.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from torchdet import __version__
from torchdet.config_file import ConfigError, ConfigFinder
from torchdet.engine.check import check_source
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.discover import source_file
from torchdet.engine.project_files import file_settings
from torchdet.engine.settings import check_selectors, expand_severities
from torchdet.engine.settle import settle
from torchdet.findings.registry import all_rules
from torchdet.findings.run.unparseable_file.rule import RULE as UNPARSEABLE_FILE
from torchdet.model.config import LintConfig
from torchdet.model.file_kinds import CONFIGURATIONS, NOTEBOOK
from torchdet.model.source import SourceText
from torchdet.report.characters import printable

if TYPE_CHECKING:
    from flake8.options.manager import OptionManager

_STDIN = "stdin"
_NO_MODULE = "flake8 reads modules alone; have `torchdet lint` check this file"


def _every_rule(config: LintConfig) -> LintConfig:
    """``config`` with all rules on where it selects none: flake8 does the choosing then."""
    if config.select is None:
        config = replace(config, select=("ALL",))
    check_selectors(config)
    return expand_severities(config)


def _ignore(_path: str) -> None:
    """Nothing is kept that could depend on it."""


class Plugin:
    """What flake8 makes for each file and asks for findings."""

    name = "torchdet"
    version = __version__
    _config_for: ClassVar[ConfigFinder] = ConfigFinder(_every_rule)

    def __init__(self, tree: object, filename: str, lines: Sequence[str]) -> None:
        """``tree`` marks this as a plugin that runs once a file; it is not looked at."""
        del tree
        self._filename = filename
        self._lines = lines

    @classmethod
    def add_options(cls, options: OptionManager) -> None:
        """Have flake8 ignore, by default, the rules that are off by default."""
        options.extend_default_ignore([rule.code for rule in all_rules() if not rule.default])

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Forget configurations of an earlier run in the same process.

        Raises flake8's ``ExecutionError``, which it shows as a message, when the configuration of
        the current folder cannot be used.
        """
        del options
        cls._config_for = ConfigFinder(_every_rule)
        try:
            cls._config_for(Path())
        except ConfigError as error:
            from flake8.exceptions import ExecutionError

            raise ExecutionError(printable(str(error))) from None

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """Yield (row, zero-based column, text, plugin). Raises ``ConfigError``."""
        if self._filename.endswith((NOTEBOOK, *CONFIGURATIONS)):
            # As text it may well parse, and be a program of one expression without findings.
            yield 1, 0, f"{UNPARSEABLE_FILE.code} {_NO_MODULE}", type(self)
            return
        name = _STDIN if self._filename in ("-", _STDIN) else self._filename
        file = source_file(name, self._config_for(Path(name).parent))
        text = "".join(self._lines).removeprefix("\ufeff")
        file = settle([file], _ignore, read=lambda _path: text.encode()).files[0]
        settings = file_settings(file)
        source = SourceText(text)
        quiet = replace(settings, noqa=False)
        report = run_with_deep_stack(lambda: check_source(name, source, quiet))
        for diagnostic in report.diagnostics:
            place = diagnostic.span.start
            text = f"{diagnostic.code} {printable(diagnostic.message)}"
            yield place.row, place.column - 1, text, type(self)
