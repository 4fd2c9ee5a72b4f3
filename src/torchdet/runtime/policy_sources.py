"""Where a process's policy comes from, and which source wins.

In order: what the caller passes, environment variables, the nearest configuration file beside the
entry script or above it, the defaults. Each source gives some fields; a field that several give
comes from the first. A value that cannot be read is an error that names its source, never a
default in its place.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torchdet.read_file import SETTINGS_LIMIT, read_file
from torchdet.runtime.errors import PolicyError
from torchdet.runtime.events import set_log_level
from torchdet.runtime.policy import FIELD_NAMES, RuntimePolicy, policy_from_mapping

_PREFIX = "TORCHDET_"
_INLINE = "TORCHDET_POLICY"
_INTEGERS = frozenset({"seed", "num_threads", "num_interop_threads"})
_BOOLEANS = frozenset({"require_cudnn", "fill_uninitialized_memory", "accept_earlier_import"})
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class PolicySource:
    """The fields that one source gives, under the name that an error or a report calls it by."""

    name: str
    values: Mapping[str, object]


def process_policy(
    overrides: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    search_from: Path | None = None,
) -> RuntimePolicy:
    """Return the policy of this process.

    `overrides` are fields that win over every other source; `environment` stands in for
    `os.environ`, and `search_from` for the entry script's folder. Raises `PolicyError`, naming the
    source and the field, for anything that cannot be read.

    >>> process_policy({"device": "cpu"}, environment={"TORCHDET_DEVICE": "cuda"}).device
    'cpu'
    """
    sources = policy_sources(overrides, environment=environment, search_from=search_from)
    for source in sources:
        _check(source)
    merged: dict[str, object] = {}
    for source in reversed(sources):
        merged.update(source.values)
    return policy_from_mapping(merged)


def policy_sources(
    overrides: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    search_from: Path | None = None,
) -> tuple[PolicySource, ...]:
    """Return every source that gives a field, the strongest first; see `process_policy`."""
    environ = os.environ if environment is None else environment
    found = [
        PolicySource("the arguments", dict(overrides or {})),
        *_environment_sources(environ),
        *_file_source(entry_folder() if search_from is None else search_from),
    ]
    return tuple(source for source in found if source.values)


def _check(source: PolicySource) -> None:
    try:
        policy_from_mapping(source.values)
    except PolicyError as error:
        raise PolicyError(f"{source.name}: {error}{_suggestion(source.values)}") from None


def _suggestion(values: Mapping[str, object]) -> str:
    for name in sorted(set(values) - set(FIELD_NAMES)):
        close = difflib.get_close_matches(name, FIELD_NAMES, n=1)
        if close:
            return f" (did you mean {close[0]!r} for {name!r}?)"
    return ""


# --- the environment -----------------------------------------------------------------------------


def _environment_sources(environ: Mapping[str, str]) -> list[PolicySource]:
    """Read `TORCHDET_<FIELD>`, then `TORCHDET_POLICY`, then TorchDevice's own variable.

    `TORCHDET_POLICY` holds `field=value` pairs, divided by commas or semicolons.
    """
    sources = []
    _refuse_misspelt_names(environ)
    for field in FIELD_NAMES:
        name = _PREFIX + field.upper()
        if environ.get(name, "").strip():
            value = _from_text(field, environ[name].strip(), name)
            sources.append(PolicySource(f"the environment variable {name}", {field: value}))
    inline = environ.get(_INLINE, "").strip()
    if inline:
        sources.append(PolicySource(f"the environment variable {_INLINE}", _inline(inline)))
    if redirects_always(environ):
        sources.append(
            PolicySource(
                "the environment variable TORCH_ALLOW_REDIRECTS", {"on_missing": "redirect"}
            )
        )
    return sources


def _refuse_misspelt_names(environ: Mapping[str, str]) -> None:
    """Raise `PolicyError` for a variable that is nearly one of ours, and would do nothing."""
    known = [*(field.upper() for field in FIELD_NAMES), "POLICY", "LOG_LEVEL"]
    given = (name.removeprefix(_PREFIX) for name in environ if name.startswith(_PREFIX))
    for name in sorted(set(given) - set(known)):
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if close:
            raise PolicyError(
                f"the environment variable {_PREFIX}{name}: did you mean {_PREFIX}{close[0]}?"
            )


def _inline(text: str) -> dict[str, object]:
    values: dict[str, object] = {}
    for pair in filter(None, (part.strip() for part in re.split("[,;]", text))):
        name, found, value = (part.strip() for part in pair.partition("="))
        if not found or not value:
            raise PolicyError(f"{_INLINE}: expected field=value pairs, got {pair!r}")
        field = name.replace("-", "_")
        values[field] = _from_text(field, value, _INLINE)
    return values


def _from_text(field: str, text: str, source: str) -> object:
    """Turn the text of an environment variable into the field's type."""
    lowered = text.lower()
    if field in _BOOLEANS:
        if lowered not in _TRUE | _FALSE:
            raise PolicyError(f"{source}: {field}: expected true or false, got {text!r}")
        return lowered in _TRUE
    if field in _INTEGERS:
        if re.fullmatch(r"[+-]?[0-9]{1,20}", text, re.ASCII) is None:
            raise PolicyError(f"{source}: {field}: expected an integer, got {text!r}")
        return int(text)
    return lowered


def log_level(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the level that `TORCHDET_LOG_LEVEL` (or TorchDevice's alias) asks for, or None.

    Raises `PolicyError` for a word that is no level.

    >>> log_level({"TORCHDEVICE_LOG_LEVEL": "debug"})
    'DEBUG'
    """
    environ = os.environ if environment is None else environment
    for name in ("TORCHDET_LOG_LEVEL", "TORCHDEVICE_LOG_LEVEL"):
        level = environ.get(name, "").strip().upper()
        if level and level not in LOG_LEVELS:
            raise PolicyError(f"{name}: expected one of {', '.join(LOG_LEVELS)}, got {level!r}")
        if level:
            return level
    return None


def configure_logging() -> None:
    """Give the runtime's logger the level that the environment asks for, if it asks for one.

    Raises `PolicyError` for a word that is no level.
    """
    level = log_level()
    if level is not None:
        set_log_level(level)


def redirects_always(environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether TorchDevice's `TORCH_ALLOW_REDIRECTS` says that every program is redirected.

    >>> redirects_always({"TORCH_ALLOW_REDIRECTS": "True"})
    True
    """
    environ = os.environ if environment is None else environment
    return environ.get("TORCH_ALLOW_REDIRECTS", "").strip().lower() == "true"


# --- configuration files -------------------------------------------------------------------------


def entry_folder() -> Path:
    """Return the folder of the script that this process runs; the current one if it runs none.

    A program that is installed (pytest, torchrun) has no configuration beside it: it runs the code
    of the current folder.
    """
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if not isinstance(file, str):
        return Path.cwd()
    folder = Path(file).resolve().parent
    return Path.cwd() if _is_installed(folder) else folder


def _is_installed(folder: Path) -> bool:
    """Tell whether a folder belongs to Python's installation or to its packages."""
    places = [sysconfig.get_path(name) for name in ("scripts", "purelib", "platlib", "stdlib")]
    # A user's own, a distribution's, and what PYTHONPATH or a .pth file adds.
    places += [each for each in sys.path if Path(each).name in {"site-packages", "dist-packages"}]
    return any(folder.is_relative_to(Path(place).resolve()) for place in places)


def _file_source(start: Path) -> list[PolicySource]:
    """Return the nearest file that has a runtime table; `torchdet.toml` goes before pyproject."""
    for folder in (start, *start.parents):
        for name, path in (("torchdet.toml", ("runtime",)), ("pyproject.toml", _IN_PYPROJECT)):
            file = folder / name
            values = _table(file, path) if file.is_file() else None
            if values is not None:
                return [PolicySource(f"{file} [{'.'.join(path)}]", values)]
    return []


_IN_PYPROJECT = ("tool", "torchdet", "runtime")


def _table(file: Path, path: tuple[str, ...]) -> dict[str, object] | None:
    """Return the table at `path` with its keys as field names, or None if the file has none."""
    content = _read(file)
    if not all(key.encode() in content for key in path):
        return None  # most files say nothing about us, whatever else may be wrong with them
    table: object = _parse(content, file)
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
        if table is None:
            return None
    if not isinstance(table, dict):
        raise PolicyError(f"{file}: [{'.'.join(path)}] is not a table")
    return {key.replace("-", "_"): value for key, value in table.items()}


def _read(file: Path) -> bytes:
    try:
        return read_file(file, limit=SETTINGS_LIMIT)
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read: {error.strerror or error}") from None


def _parse(content: bytes, file: Path) -> dict[str, object]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{file}: cannot be read as UTF-8 text: {error}") from None
    try:
        from torchdet.bounded_toml import TomlError, parse_toml
    except ModuleNotFoundError:
        raise PolicyError(
            f"{file}: reading TOML on Python 3.10 needs tomli; pip install tomli"
        ) from None
    try:
        return parse_toml(text)
    except TomlError as error:
        raise PolicyError(f"{file}: {error}") from None
