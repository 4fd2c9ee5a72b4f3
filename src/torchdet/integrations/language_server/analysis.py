"""Checks what is open in an editor, as ``torchdet lint`` would check it once it is saved."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from torchdet.config_file import ConfigError, ConfigFinder
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.converge import fix_bytes
from torchdet.engine.discover import forget_folders, source_file, why_excluded
from torchdet.engine.project_files import file_settings
from torchdet.engine.settings import CheckSettings, check_selectors, expand_severities, selected
from torchdet.engine.settle import forget_projects, settle
from torchdet.findings.registry import SelectorError
from torchdet.integrations.language_server.documents import Document
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import FileReport


def _checked(config: LintConfig) -> LintConfig:
    """``config``, whose selectors are known to mean something. Raises ``SelectorError``."""
    check_selectors(config)
    named = (*(config.select or ()), *config.extend_select)
    codes = tuple(rule.code for rule in selected(config))
    config = replace(config, select=codes, ignore=(), extend_select=(), extend_ignore=())
    return expand_severities(config, named)


def _ignore(_path: str) -> None:
    """Nothing is kept that could depend on it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A document with the report on it."""

    document: Document
    report: FileReport


class Analysis:
    """Checks documents under the configuration that is nearest to each of them."""

    def __init__(self) -> None:
        self._config_for = ConfigFinder(_checked)

    def reload(self) -> None:
        """Read configurations and projects anew."""
        self._config_for = ConfigFinder(_checked)
        forget_projects()
        forget_folders()

    def check(self, document: Document) -> Checked:
        """The report on ``document``.

        It is empty where the configuration leaves the file out. A configuration that cannot be
        used is a failure at the beginning of the document.
        """
        data = document.data()
        try:
            settings = self._settings(document, data)
        except (ConfigError, SelectorError) as error:
            return Checked(document, failure(document.path, str(error)))
        if settings is None:
            return Checked(document, FileReport(document.path))
        return Checked(document, check_bytes(document.path, data, settings))

    def fixed(self, checked: Checked) -> bytes | None:
        """The document with all safe fixes; None where there is nothing to fix, or no way to."""
        data = checked.document.data()
        try:
            settings = self._settings(checked.document, data)
        except (ConfigError, SelectorError):
            return None
        if settings is None:
            return None
        change = fix_bytes(checked.document.path, data, settings, report=checked.report).change
        return None if change is None else change.after

    def _settings(self, document: Document, data: bytes) -> CheckSettings | None:
        config = self._config_for(Path(os.path.dirname(document.path) or os.curdir))
        if why_excluded(document.path, config) is not None:
            return None
        file = source_file(document.path, config)
        settled = settle([file], _ignore, read=lambda _path: data).files[0]
        return file_settings(settled)
