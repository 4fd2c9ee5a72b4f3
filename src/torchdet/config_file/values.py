"""The values of configuration keys: from what TOML holds, or an error with what was expected."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from enum import Enum
from keyword import iskeyword
from typing import TypeVar

from torchdet.glob_pattern import PatternError, alternatives, parse_pattern
from torchdet.model.config import CHOICES_OF_POLICY, Policy
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.suggest import nearest
from torchdet.torch_api.device_types import TARGET_DEVICES
from torchdet.torch_api.releases import RELEASES

_Choice = TypeVar("_Choice", bound=Enum)

_WIDEST_VALUE = 80
_RELEASE = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]{1,4})?")


def shown(value: object) -> str:
    """``value`` as an error message quotes it, however long it is."""
    text = repr(value)
    return text if len(text) <= _WIDEST_VALUE else f"{text[:_WIDEST_VALUE]}…"


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"expected a list of strings, not {shown(value)}")
    return tuple(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise TypeError(f"expected a string, not {shown(value)}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, not {shown(value)}")
    return value


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table, not {shown(value)}")
    return value


def _choice(value: object, choices: Iterable[str]) -> str:
    names = tuple(choices)
    if not isinstance(value, str):
        raise TypeError(f"{shown(value)} is not one of {', '.join(names)}")
    if value not in names:
        hint = f"did you mean {nearest(value, names)!r}?"
        raise ValueError(f"{shown(value)} is not one of {', '.join(names)}; {hint}")
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
        raise ValueError(f"the pattern {shown(pattern)} matches no file")
    try:
        for each in alternatives(pattern):
            parse_pattern(each)
    except PatternError as error:
        raise ValueError(f"the pattern {shown(pattern)} matches no file: {error}") from None


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
            raise TypeError(f"{shown(pattern)}: {error}") from None
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
        raise ValueError(f'expected a string such as "2.6", not {shown(value)}')
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
        raise TypeError(f"expected a string, not {shown(value)}")
    if not _is_dotted_name(value):
        raise ValueError(f'expected the name of a module such as "kit.facade", not {shown(value)}')
    return value


def _runtime_modules(value: object) -> tuple[str, ...]:
    """Names of modules, and paths below the configuration's folder."""
    entries = _strings(value)
    for entry in entries:
        if "/" in entry or "\\" in entry or entry.endswith(".py"):
            parts = entry.replace("\\", "/").split("/")
            if ".." in parts or os.path.isabs(entry):
                raise ValueError(f"{shown(entry)} leaves the folder of the configuration")
        elif not _is_dotted_name(entry):
            raise ValueError(
                f'expected modules such as "kit.runtime" or paths such as "tools/*.py", '
                f"not {shown(entry)}"
            )
    return entries


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() and not iskeyword(part) for part in text.split("."))


CONVERTERS: dict[str, Callable[[object], object]] = {
    "policy": _policy,
    "runtime-modules": _runtime_modules,
    "facade-module": _module,
    "select": _strings,
    "ignore": _strings,
    "extend-select": _strings,
    "extend-ignore": _strings,
    "fixable": _strings,
    "unfixable": _strings,
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
    "extend": _text,
    "output-format": _text,
    "cache-dir": _text,
}
"""The converter of each key. It raises ``TypeError`` or ``ValueError`` with what was expected."""
