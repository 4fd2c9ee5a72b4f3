"""``[tool.torchdet]`` in ``pyproject.toml``, or ``torchdet.toml``, to a configuration."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from torchdet.model.config import LintConfig, Policy
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.suggest import did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAMES = ("torchdet.toml", "pyproject.toml")
"""Where a configuration is looked for in each folder; the first that holds one wins."""

# Tables of [tool.torchdet] that other parts of torchdet read.
_OTHER_TABLES = frozenset({"runtime"})


_LAYOUT = "; only pyproject.toml has [tool.torchdet], here its keys stand at the top"


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the file, the key and the remedy."""


def parse_lint_config(text: str, root: str, file: str = "torchdet.toml") -> LintConfig:
    """The configuration that the TOML ``text`` holds, in the layout of ``torchdet.toml``.

    ``root`` is the folder that patterns are relative to, ``file`` the name for error messages.
    Raises ``ConfigError``. Rule selectors are checked by whoever knows the rules.

    >>> parse_lint_config('select = ["DET3"]', root=".").select
    ('DET3',)
    """
    return _lint_config(_load(text, file), root, file)


def read_lint_config(path: Path) -> LintConfig | None:
    """The configuration in the file at ``path``; None for a ``pyproject.toml`` without one.

    Raises ``ConfigError`` for a file that cannot be read or used.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: not UTF-8: {error.reason}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    table: object = _load(text, str(path))
    if path.name == "pyproject.toml":
        tool = table.get("tool") if isinstance(table, dict) else None
        table = tool.get("torchdet") if isinstance(tool, dict) else None
        if table is None:
            return None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [tool.torchdet] must be a table")
    return _lint_config(table, str(path.parent), str(path))


def _load(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None


def _lint_config(table: Mapping[str, object], root: str, file: str) -> LintConfig:
    known = {field.name.replace("_", "-") for field in fields(LintConfig)} - {"root"}
    values: dict[str, object] = {}
    for key, value in table.items():
        if key in _OTHER_TABLES:
            continue
        if key not in known:
            hint = _LAYOUT if key == "tool" else did_you_mean(key, known)
            raise ConfigError(f"{file}: unknown key {key!r}{hint}")
        try:
            values[key.replace("-", "_")] = _CONVERTERS[key](value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{file}: {key}: {error}") from None
    return LintConfig(root=root, **values)  # type: ignore[arg-type]  # converted key by key above


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"expected a list of strings, not {value!r}")
    return tuple(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, not {value!r}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, not {value!r}")
    return value


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table, not {value!r}")
    return value


def _policy(value: object) -> Policy:
    names = [policy.value for policy in Policy]
    if value not in names:
        hint = did_you_mean(value, names) if isinstance(value, str) else ""
        raise ValueError(f"{value!r} is not one of {', '.join(names)}{hint}")
    return Policy(value)


def _per_file_ignores(value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs = []
    for pattern, selectors in _table(value).items():
        if not pattern.strip(" !./"):
            raise ValueError(f"{pattern!r} matches no file")
        try:
            pairs.append((pattern, _strings(selectors)))
        except TypeError as error:
            raise TypeError(f"{pattern!r}: {error}") from None
    return tuple(pairs)


def _severities(value: object) -> tuple[tuple[str, Severity], ...]:
    names = [severity.value for severity in Severity]
    pairs = []
    for selector, severity in _table(value).items():
        if severity not in names:
            raise ValueError(f"{selector}: {severity!r} is not one of {', '.join(names)}")
        pairs.append((selector, Severity(severity)))
    return tuple(pairs)


def _confidence(value: object) -> Confidence:
    names = [confidence.value for confidence in Confidence]
    if value not in names:
        raise ValueError(f"{value!r} is not one of {', '.join(names)}")
    return Confidence(value)


def _torch_version(value: object) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)\.(\d+)(?:\.\d+)?", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'expected a string such as "2.6", not {value!r}')
    return int(match[1]), int(match[2])


_CONVERTERS: dict[str, Callable[[object], object]] = {
    "policy": _policy,
    "runtime-modules": _strings,
    "facade-module": _string,
    "select": _strings,
    "ignore": _strings,
    "extend-select": _strings,
    "per-file-ignores": _per_file_ignores,
    "exclude": _strings,
    "extend-exclude": _strings,
    "respect-gitignore": _flag,
    "severity": _severities,
    "min-confidence": _confidence,
    "target-devices": _strings,
    "torch-version": _torch_version,
}


class ConfigFinder:
    """The configuration of a folder: the nearest file that holds one, there or above.

    ``override`` is applied to each configuration found, and to the default one where there is
    none: it is where the command line gets its word, and it raises ``ValueError`` for what it
    cannot accept. Files are read once.
    """

    def __init__(self, override: Callable[[LintConfig], LintConfig]) -> None:
        self._override = override
        self._found: dict[Path, LintConfig] = {}

    def __call__(self, folder: Path) -> LintConfig:
        """Raises ``ConfigError`` for a configuration that cannot be read or used."""
        folder = Path(os.path.abspath(folder))
        config = self._found.get(folder)
        if config is None:
            config = self._found[folder] = self._search(folder)
        return config

    def _search(self, folder: Path) -> LintConfig:
        for name in FILE_NAMES:
            path = folder / name
            if os.path.isfile(path):  # unlike Path.is_file, False where one may not look
                config = read_lint_config(path)
                if config is not None:
                    return self._overridden(config, path)
        if folder.parent == folder:
            return self._override(LintConfig())
        return self(folder.parent)

    def _overridden(self, config: LintConfig, path: Path) -> LintConfig:
        try:
            return self._override(config)
        except ValueError as error:
            raise ConfigError(f"{path}: {error}") from None
