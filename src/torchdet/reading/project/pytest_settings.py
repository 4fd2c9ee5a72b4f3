"""Which files are tests, as pytest is configured to find them.

A pure function from the texts of pytest's configuration files to patterns of paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from torchdet.bounded_toml import TomlError, parse_toml

_SECTIONS = {
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "pyproject.toml": "",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
# The package itself is searched for doctests: that makes it no test.
_NAMED_FOR_TESTS = re.compile(r"test|spec|check", re.IGNORECASE)
_EVERY_FILE = frozenset({"*.py", "*"})

PYTEST_FILES = tuple(_SECTIONS)
"""The files that pytest looks for, the first of which with a section of pytest's counts."""


def pytest_patterns(texts: Mapping[str, str]) -> tuple[str, ...]:
    """Patterns, relative to the root, of the files that pytest collects and of those beside them.

    ``texts`` are those of the files in the root, by their names.

    >>> pytest_patterns({"pytest.ini": "[pytest]\\ntestpaths = checks\\npython_files = check_*.py"})
    ('/checks/', 'check_*.py')
    """
    for name in PYTEST_FILES:
        options = _options(name, texts[name]) if name in texts else None
        if options is not None:
            return tuple(dict.fromkeys(_patterns(options)))
    return ()


def _patterns(options: Mapping[str, object]) -> Iterator[str]:
    for path in _words(options.get("testpaths")):
        folder = path.removeprefix("./").strip("/")
        if _NAMED_FOR_TESTS.search(folder) and ".." not in folder.split("/"):
            yield f"/{folder}/"
    for pattern in _words(options.get("python_files")):
        if pattern not in _EVERY_FILE and "/" not in pattern:
            yield pattern if pattern.endswith(".py") else f"{pattern}.py"


def _words(value: object) -> list[str]:
    """A list, or words in one text."""
    if isinstance(value, str):
        return value.split()
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _options(name: str, text: str) -> Mapping[str, object] | None:
    """The options of pytest in one file; None where it has none or is not valid."""
    if name == "pyproject.toml":
        try:
            tool = parse_toml(text).get("tool")
        except TomlError:
            return None
        pytest = tool.get("pytest") if isinstance(tool, dict) else None
        options = pytest.get("ini_options") if isinstance(pytest, dict) else None
        return options if isinstance(options, dict) else None
    import configparser  # few projects have such a file

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    section = _SECTIONS[name]
    return dict(parser.items(section)) if parser.has_section(section) else None
