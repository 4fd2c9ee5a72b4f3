"""A configuration in YAML or JSON: text in, report out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torchdet.engine.file_report import Found, file_report
from torchdet.engine.settings import CheckSettings
from torchdet.engine.suppress import Finding, Suppressions
from torchdet.findings.devices.configured_device.rule import RULE
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.location import Span
from torchdet.model.source import SourceText
from torchdet.reading.devices.configured_devices import (
    ConfiguredDevice,
    TooDeepError,
    configured_devices,
)

_COMMENT = re.compile(r"(?:(?<=[ \t])|^)#[^\n]*", re.MULTILINE)


class UnreadableConfigurationError(ValueError):
    """The text is no YAML: ``reason``, at one-based ``row`` and ``column``."""

    def __init__(self, reason: str, row: int, column: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row
        self.column = column


def configuration_report(path: str, source: SourceText, settings: CheckSettings) -> FileReport:
    """What the configuration at ``path`` says of devices.

    Raises ``UnreadableConfigurationError``.
    """
    import yaml

    is_json = path.endswith(".json")
    # YAML has no tabs for a margin, JSON may; each is one character.
    text = source.text.replace("\t", " ") if is_json else source.text
    try:
        found = [_finding(each, source, settings) for each in configured_devices(text)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        kind = "JSON" if is_json else "YAML"
        raise UnreadableConfigurationError(f"no {kind}: {error.problem}", row, column) from None
    except yaml.YAMLError as error:
        raise UnreadableConfigurationError(str(error).splitlines()[0], 1, 1) from None
    except (RecursionError, TooDeepError):
        raise UnreadableConfigurationError("nested too deeply", 1, 1) from None
    comments = () if is_json else _comments(source.text)
    suppressions = Suppressions.among(comments, source, noqa=settings.noqa)
    return file_report(path, Found(found), source, settings, suppressions)


def _comments(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _COMMENT.finditer(text))


def _finding(device: ConfiguredDevice, source: SourceText, settings: CheckSettings) -> Finding:
    end = device.start + len(source.text[device.start : device.end].rstrip())
    span = Span(source.location(device.start), source.location(end))
    diagnostic = Diagnostic(
        RULE.code,
        RULE.name,
        settings.severity_of(RULE),
        f"`{device.written}` ties the configuration to a device; {device.instead}",
        span,
        noqa_row=span.start.row,
    )
    return Finding(diagnostic, span.start.row, span.end.row)
