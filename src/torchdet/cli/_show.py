"""``torchdet lint --show-files`` and ``--show-settings``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from enum import Enum
from pathlib import Path

from torchdet.cli._exit import Exit
from torchdet.cli._file_options import FileOptions
from torchdet.cli._files import Found
from torchdet.cli._options import RuleOptions
from torchdet.cli._output import write_text
from torchdet.engine.discover import SourceFile, source_file, why_excluded
from torchdet.engine.settings import settings_for, unfixable_codes
from torchdet.engine.settle import settle
from torchdet.model.config import LintConfig
from torchdet.report import render
from torchdet.report.characters import json_text, printable
from torchdet.report.options import RenderOptions

_SHOWN_ELSEWHERE = frozenset(
    {"root", "sources", "select", "ignore", "extend_select", "extend_ignore", "torch_version_from"}
    | {"fixable", "unfixable", "output_format", "cache_dir"}
)


def show_files(found: Found) -> int:
    """List the files that would be checked, one a line; the exit code."""
    write_text("".join(f"{printable(file.path)}\n" for file in found.files))
    if found.unreachable:
        write_text(render("concise", found.unreachable, RenderOptions(summary=False)))
    return Exit.FAILED if found.unreachable else Exit.CLEAN


def show_settings(files: FileOptions, rules: RuleOptions) -> int:
    """Show what holds for each path of the command line, and where it comes from; the exit code.

    Raises ``ConfigError``.
    """
    config_for = files.config_for(rules)
    missing = False
    for index, path in enumerate(files.paths or (os.curdir,)):
        name = os.path.join(path, "*.py") if os.path.isdir(path) else path
        file = source_file(name, config_for(_folder(path)))
        looked: list[str] = []
        settled = settle([file], looked.append)
        lines = _settings(path, settled.files[0], settled.reasons)
        write_text("\n" * (index > 0) + "".join(f"{printable(line)}\n" for line in lines))
        missing = missing or not os.path.exists(path)
    return Exit.FAILED if missing else Exit.CLEAN


def _folder(path: str) -> Path:
    return Path(path) if os.path.isdir(path) else Path(path).parent


def _settings(path: str, file: SourceFile, reasons: Sequence[str]) -> Iterator[str]:
    config = file.config
    settings = settings_for(file.path, file.module_name, config)
    yield f"# {path}"
    yield f"# {_checked(path, config)}"
    yield f"# configuration: {', which extends '.join(config.sources) or 'none'}"
    if not os.path.isdir(path):
        yield f"# module: {file.module_name}{', a test' if settings.is_test else ''}"
    for reason in reasons:
        yield f"# {reason}"
    if config.torch_version_from:
        yield f"# torch-version: from {config.torch_version_from}"
    yield f"select = {_toml([rule.code for rule in settings.rules])}"
    yield f"unfixable = {_toml(sorted(unfixable_codes(config)))}"
    for name in (field.name for field in fields(config)):
        if name not in _SHOWN_ELSEWHERE:
            yield f"{name.replace('_', '-')} = {_value(name, getattr(config, name))}"


def _checked(path: str, config: LintConfig) -> str:
    if not os.path.exists(path):
        return "not checked: there is no such file or folder"
    reason = why_excluded(path, config)
    if reason is None:
        return "checked"
    return f"left out where folders are searched, because {reason}; checked when it is named itself"


def _value(name: str, value: object) -> str:
    if name == "torch_version" and isinstance(value, tuple):
        return _toml(".".join(map(str, value)))
    if name in ("severity", "per_file_ignores", "helper_operations") and isinstance(value, tuple):
        rows = ", ".join(f"{_toml(key)} = {_toml(entry)}" for key, entry in value)
        return f"{{ {rows} }}" if rows else "{}"
    return _toml(value)


def _toml(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_toml, value))}]"
    return json_text(value).strip()
