"""What one file, or the command line, says about the configuration, and what comes of several."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from torchdet.config_file.values import CONVERTERS, shown
from torchdet.model.config import LintConfig, Policy
from torchdet.model.suggest import did_you_mean

# Tables of [tool.torchdet] that other parts of torchdet read.
_OTHER_TABLES = frozenset({"runtime"})

# Only a project that takes torch from the runtime has a use for these.
_CHOOSING = frozenset({"runtime_modules", "facade_module"})

_EXTEND = "extend"
_ADDING = "extend_"
_LAYOUT = "; only pyproject.toml has [tool.torchdet], here its keys stand at the top"


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the file, the key and the remedy."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The keys of ``file``, converted, by the names of the fields of ``LintConfig``.

    Patterns are relative to ``folder``. ``extends`` is the path of a file that is still to be
    read, as it is written in the file ``extended_from``; ``sources`` are the files that were.
    """

    values: Mapping[str, object]
    folder: str
    file: str
    extends: str
    extended_from: str
    sources: tuple[str, ...]

    def over(self, below: Layer) -> Layer:
        """This layer on top of ``below``, seen from the folder of this one."""
        values = {
            key: _MOVED[key](value, below.folder, self.folder) if key in _MOVED else value
            for key, value in below.values.items()
        }
        for key, value in self.values.items():
            values[key] = _added(values.get(key), value) if key.startswith(_ADDING) else value
        sources = (*self.sources, *below.sources)
        return Layer(values, self.folder, self.file, below.extends, below.file, sources)


def layer_of(table: Mapping[str, object], folder: str, file: str) -> Layer:
    """The layer that ``table`` makes. Raises ``ConfigError``; ``file`` is the name in messages."""
    values: dict[str, object] = {}
    for key, value in table.items():
        if key in _OTHER_TABLES:
            if not isinstance(value, dict):
                raise ConfigError(f"{file}: {key}: expected a table, not {shown(value)}")
            continue
        if key not in CONVERTERS:
            hint = _LAYOUT if key == "tool" else did_you_mean(key, CONVERTERS)
            raise ConfigError(f"{file}: unknown key {key!r}{hint}")
        try:
            values[key.replace("-", "_")] = CONVERTERS[key](value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{file}: {key}: {error}") from None
    extends = values.pop(_EXTEND, "")
    assert isinstance(extends, str)
    if "torch_version" in values:
        values["torch_version_from"] = file
    if "cache_dir" in values:
        values["cache_dir"] = os.path.join(os.path.abspath(folder), str(values["cache_dir"]))
    return Layer(values, folder, file, extends, file, (file,))


def lint_config(layer: Layer, root: str) -> LintConfig:
    """The configuration of ``layer`` for the files below ``root``."""
    return merged(layer, LintConfig(root=root, sources=layer.sources))


def merged(layer: Layer, config: LintConfig) -> LintConfig:
    """``config`` with ``layer`` on top of it."""
    values = {
        key: _MOVED[key](value, layer.folder, config.root) if key in _MOVED else value
        for key, value in layer.values.items()
    }
    adding = {key: value for key, value in values.items() if key.startswith(_ADDING)}
    values |= {key: _added(getattr(config, key), value) for key, value in adding.items()}
    chosen = values.get("policy", config.policy)
    if chosen is Policy.AUTO and not _CHOOSING.isdisjoint(values):
        values["policy"] = Policy.HANDLE
    known = {field.name for field in fields(LintConfig)}
    assert known.issuperset(values), "a converter without a field"
    return replace(config, **values)  # type: ignore[arg-type]  # converted key by key


def _added(before: object, more: object) -> object:
    return (*before, *more) if isinstance(before, tuple) and isinstance(more, tuple) else more


def _moved_pattern(pattern: str, folder: str, root: str) -> str:
    """``pattern``, relative to ``folder``, as it is understood in ``root``.

    One that names no folder matches at any depth, wherever it is written.
    """
    mark = "!" if pattern.startswith("!") else ""
    rest = pattern[len(mark) :]
    if "/" not in rest.rstrip("/") or os.path.abspath(folder) == os.path.abspath(root):
        return pattern
    if rest.startswith(f"{os.path.abspath(folder)}/"):
        return pattern
    here = os.path.abspath(folder).replace(os.sep, "/").rstrip("/")
    return f"{mark}{here}/{rest.removeprefix('./').lstrip('/')}"


def _moved_patterns(value: object, folder: str, root: str) -> object:
    assert isinstance(value, tuple)
    return tuple(_moved_pattern(pattern, folder, root) for pattern in value)


def _moved_ignores(value: object, folder: str, root: str) -> object:
    assert isinstance(value, tuple)
    return tuple((_moved_pattern(pattern, folder, root), codes) for pattern, codes in value)


def _moved_modules(value: object, folder: str, root: str) -> object:
    """Names of modules as they are, and paths as ``root`` sees them."""
    assert isinstance(value, tuple)
    return tuple(
        _moved_path(entry, folder, root) if "/" in entry or entry.endswith(".py") else entry
        for entry in value
    )


def _moved_path(path: str, folder: str, root: str) -> str:
    way = os.path.relpath(os.path.join(folder, path), os.path.abspath(root))
    return way.replace(os.sep, "/")


_MOVED: Mapping[str, Callable[[object, str, str], object]] = {
    "exclude": _moved_patterns,
    "extend_exclude": _moved_patterns,
    "test_files": _moved_patterns,
    "per_file_ignores": _moved_ignores,
    "runtime_modules": _moved_modules,
}
