"""``[tool.torchdet]`` in ``pyproject.toml``, or ``torchdet.toml``, to a configuration."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from torchdet.bounded_toml import TomlError, parse_toml
from torchdet.config_file.layers import ConfigError, Layer, layer_of, lint_config, merged
from torchdet.model.config import LintConfig
from torchdet.read_file import SETTINGS_LIMIT, read_file

__all__ = [
    "FILE_NAMES",
    "ConfigError",
    "ConfigFinder",
    "Layer",
    "layer_of",
    "lint_config_in",
    "merged",
    "parse_lint_config",
    "parse_settings",
    "read_lint_config",
]

FILE_NAMES = ("torchdet.toml", "pyproject.toml")
"""Where a configuration is looked for in each folder; the first that holds one wins."""

_MOST_EXTENDED = 20


def parse_lint_config(text: str, root: str, file: str = "torchdet.toml") -> LintConfig:
    """The configuration that the TOML ``text`` holds, in the layout of ``torchdet.toml``.

    ``root`` is the folder that patterns are relative to, ``file`` the name for error messages.
    Raises ``ConfigError``. Rule selectors are checked by whoever knows the rules.

    >>> parse_lint_config('select = ["DET3"]', root=".").select
    ('DET3',)
    """
    return lint_config(layer_of(_load(text, file), root, file), root)


def read_lint_config(path: Path) -> LintConfig | None:
    """The configuration in the file at ``path``; None for a ``pyproject.toml`` without one.

    What the file extends is read, too. Raises ``ConfigError`` for a file that cannot be read or
    used.
    """
    return lint_config_in(_read(path), path)


def lint_config_in(text: str, path: Path) -> LintConfig | None:
    """What ``read_lint_config`` gives for a file at ``path`` that holds ``text``."""
    layer = _layer_in(text, path)
    return None if layer is None else lint_config(_with_extended(layer), str(path.parent))


def parse_settings(text: str, told_by: str) -> Layer:
    """The keys of the TOML ``text``, which is no file's; ``told_by`` is its name for messages.

    Patterns are relative to the current folder. Raises ``ConfigError``.

    >>> merged(parse_settings('fail-on = "error"', "--config"), LintConfig()).fail_on
    <Severity.ERROR: 'error'>
    """
    layer = layer_of(_load(text, told_by), os.path.abspath(os.curdir), told_by)
    if layer.extends:
        raise ConfigError(f"{told_by}: extend: only a file can extend another one")
    return layer


def _read(path: Path) -> str:
    try:
        return read_file(path, limit=SETTINGS_LIMIT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: not UTF-8: {error.reason}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None


def _layer_in(text: str, path: Path) -> Layer | None:
    table: object = _load(text, str(path))
    if path.name == "pyproject.toml":
        tool = table.get("tool") if isinstance(table, dict) else None
        table = tool.get("torchdet") if isinstance(tool, dict) else None
        if table is None:
            return None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [tool.torchdet] must be a table")
    layer = layer_of(table, str(path.parent), str(path))
    _require_cache_inside(layer)
    return layer


def _require_cache_inside(layer: Layer) -> None:
    """Raise ``ConfigError`` for a cache outside the folder of its file, which may be a stranger's.

    Links count: what is kept would be written, and removed, where they lead.
    """
    cache = layer.values.get("cache_dir")
    if isinstance(cache, str):
        folder = os.path.realpath(layer.folder)
        if not os.path.realpath(cache).startswith(os.path.join(folder, "")):
            raise ConfigError(
                f"{layer.file}: cache-dir: {cache} is not inside {folder}; name a folder in it, or "
                "use --cache-dir or TORCHDET_CACHE_DIR"
            )


def _with_extended(layer: Layer) -> Layer:
    """``layer`` on top of the files that it extends, the one that it names first."""
    seen = [os.path.realpath(layer.file)]
    while layer.extends:
        target = Path(os.path.expanduser(layer.extends))
        path = Path(os.path.normpath(Path(layer.extended_from).parent / target))
        seen.append(os.path.realpath(path))
        if seen[-1] in seen[:-1] or len(seen) > _MOST_EXTENDED:
            raise ConfigError(f"{layer.extended_from}: extend: {path} extends itself in the end")
        below = _layer_in(_read(path), path)
        if below is None:
            raise ConfigError(f"{layer.extended_from}: extend: {path} has no [tool.torchdet] table")
        layer = layer.over(below)
    return layer


def _load(text: str, file: str) -> dict[str, object]:
    try:
        return parse_toml(text)
    except TomlError as error:
        raise ConfigError(f"{file}: {error}") from None


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
