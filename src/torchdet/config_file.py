"""``[tool.torchdet]`` in ``pyproject.toml``, or ``torchdet.toml``, to a configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from enum import Enum
from keyword import iskeyword
from pathlib import Path
from typing import TypeVar

from torchdet.bounded_toml import TomlError, parse_toml
from torchdet.glob_pattern import PatternError, alternatives, parse_pattern
from torchdet.model.config import CHOICES_OF_POLICY, LintConfig, Policy
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.suggest import did_you_mean, nearest
from torchdet.read_file import SETTINGS_LIMIT, read_file
from torchdet.torch_api.device_types import TARGET_DEVICES
from torchdet.torch_api.releases import RELEASES

_Choice = TypeVar("_Choice", bound=Enum)

FILE_NAMES = ("torchdet.toml", "pyproject.toml")
"""Where a configuration is looked for in each folder; the first that holds one wins."""

# Tables of [tool.torchdet] that other parts of torchdet read.
_OTHER_TABLES = frozenset({"runtime"})

# Only a project that takes torch from the runtime has a use for these.
_CHOOSING = frozenset({"runtime-modules", "facade-module"})

_NO_KEYS = frozenset({"root", "torch-version-from"})

_WIDEST_VALUE = 80
_RELEASE = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]{1,4})?")
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
        text = read_file(path, limit=SETTINGS_LIMIT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: not UTF-8: {error.reason}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    return lint_config_in(text, path)


def lint_config_in(text: str, path: Path) -> LintConfig | None:
    """What ``read_lint_config`` gives for a file at ``path`` that holds ``text``."""
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
        return parse_toml(text)
    except TomlError as error:
        raise ConfigError(f"{file}: {error}") from None


def _lint_config(table: Mapping[str, object], root: str, file: str) -> LintConfig:
    known = {field.name.replace("_", "-") for field in fields(LintConfig)} - _NO_KEYS
    values: dict[str, object] = {}
    for key, value in table.items():
        if key in _OTHER_TABLES:
            if not isinstance(value, dict):
                raise ConfigError(f"{file}: {key}: expected a table, not {_shown(value)}")
            continue
        if key not in known:
            hint = _LAYOUT if key == "tool" else did_you_mean(key, known)
            raise ConfigError(f"{file}: unknown key {key!r}{hint}")
        try:
            values[key.replace("-", "_")] = _CONVERTERS[key](value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{file}: {key}: {error}") from None
    if values.get("policy", Policy.AUTO) is Policy.AUTO and not _CHOOSING.isdisjoint(table):
        values["policy"] = Policy.HANDLE
    if "torch_version" in values:
        values["torch_version_from"] = file
    return LintConfig(root=root, **values)  # type: ignore[arg-type]  # converted key by key above


def _shown(value: object) -> str:
    """``value`` as an error message quotes it, however long it is."""
    text = repr(value)
    return text if len(text) <= _WIDEST_VALUE else f"{text[:_WIDEST_VALUE]}…"


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"expected a list of strings, not {_shown(value)}")
    return tuple(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, not {_shown(value)}")
    return value


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table, not {_shown(value)}")
    return value


def _choice(value: object, choices: Iterable[str]) -> str:
    names = tuple(choices)
    if not isinstance(value, str):
        raise TypeError(f"{_shown(value)} is not one of {', '.join(names)}")
    if value not in names:
        hint = f"did you mean {nearest(value, names)!r}?"
        raise ValueError(f"{_shown(value)} is not one of {', '.join(names)}; {hint}")
    return value


def _member(kind: type[_Choice]) -> Callable[[object], _Choice]:
    """The converter to a member of the enumeration ``kind``, given by its value."""
    return lambda value: kind(_choice(value, [each.value for each in kind]))


def _policy(value: object) -> Policy:
    return Policy(_choice(value, [policy.value for policy in CHOICES_OF_POLICY]))


def _patterns(value: object) -> tuple[str, ...]:
    patterns = _strings(value)
    for pattern in patterns:
        _check_pattern(pattern)
    return patterns


def _check_pattern(pattern: str) -> None:
    if not pattern.strip(" !./"):
        raise ValueError(f"the pattern {_shown(pattern)} matches no file")
    try:
        for each in alternatives(pattern):
            parse_pattern(each)
    except PatternError as error:
        raise ValueError(f"the pattern {_shown(pattern)} matches no file: {error}") from None


def _operations(value: object) -> tuple[tuple[str, str], ...]:
    """The operations of a project's helper, by the handle's names of them."""
    found: list[tuple[str, str]] = []
    for name, spelled in _table(value).items():
        if not isinstance(spelled, str) or _OPERATION.fullmatch(spelled) is None:
            raise TypeError(
                f"{name}: expected a name or a call without arguments, such as 'device'"
            )
        found.append((name, spelled))
    return tuple(found)


_OPERATION = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?")


def _per_file_ignores(value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs = []
    for pattern, selectors in _table(value).items():
        _check_pattern(pattern.removeprefix("!"))
        try:
            pairs.append((pattern, _strings(selectors)))
        except TypeError as error:
            raise TypeError(f"{_shown(pattern)}: {error}") from None
    return tuple(pairs)


def _severities(value: object) -> tuple[tuple[str, Severity], ...]:
    names = [severity.value for severity in Severity]
    return tuple(
        (selector, Severity(_choice(given, names))) for selector, given in _table(value).items()
    )


def _target_devices(value: object) -> tuple[str, ...]:
    return tuple(_choice(each, TARGET_DEVICES) for each in _strings(value))


def _torch_version(value: object) -> tuple[int, int]:
    match = _RELEASE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'expected a string such as "2.6", not {_shown(value)}')
    release = int(match[1]), int(match[2])
    if release not in RELEASES:
        major, minor = min(RELEASES, key=lambda known: _distance(known, release))
        hint = f"did you mean '{major}.{minor}'?"
        raise ValueError(f"{value!r} is not a release of PyTorch that torchdet knows; {hint}")
    return release


def _distance(known: tuple[int, int], release: tuple[int, int]) -> tuple[int, int]:
    """How far apart two releases are: by their major numbers, then by what follows."""
    major = abs(known[0] - release[0])
    ordinal = known[1] if known[0] < release[0] else -known[1]
    return major, -ordinal if major else abs(known[1] - release[1])


def _module(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, not {_shown(value)}")
    if not _is_dotted_name(value):
        raise ValueError(f'expected the name of a module such as "kit.facade", not {_shown(value)}')
    return value


def _runtime_modules(value: object) -> tuple[str, ...]:
    """Names of modules, and paths below the configuration's folder."""
    entries = _strings(value)
    for entry in entries:
        if "/" in entry or "\\" in entry or entry.endswith(".py"):
            parts = entry.replace("\\", "/").split("/")
            if ".." in parts or os.path.isabs(entry):
                raise ValueError(f"{_shown(entry)} leaves the folder of the configuration")
        elif not _is_dotted_name(entry):
            raise ValueError(
                f'expected modules such as "kit.runtime" or paths such as "tools/*.py", '
                f"not {_shown(entry)}"
            )
    return entries


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() and not iskeyword(part) for part in text.split("."))


_CONVERTERS: dict[str, Callable[[object], object]] = {
    "policy": _policy,
    "runtime-modules": _runtime_modules,
    "facade-module": _module,
    "select": _strings,
    "ignore": _strings,
    "extend-select": _strings,
    "helper-operations": _operations,
    "per-file-ignores": _per_file_ignores,
    "exclude": _patterns,
    "extend-exclude": _patterns,
    "respect-gitignore": _flag,
    "include-docs": _flag,
    "severity": _severities,
    "min-confidence": _member(Confidence),
    "fail-on": _member(Severity),
    "test-files": _patterns,
    "target-devices": _target_devices,
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
            # Unlike Path.exists, False where one may not look. A pipe is an error, not passed over.
            if os.path.exists(path) and not os.path.isdir(path):
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
