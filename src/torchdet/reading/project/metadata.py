"""What the files beside the code say of a project: requirements, commands, and tools.

A pure function from the texts of the files to facts. `torchdet.engine.project_metadata` reads the
files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from torchdet.bounded_toml import TomlError, parse_toml
from torchdet.reading.project.requirements import (
    DeclaredRequirement,
    RequiredFor,
    RequirementForm,
    of_poetry,
    oldest_release,
    requirements_of_file,
)
from torchdet.reading.project.setup_script import (
    entry_points,
    listed_requirements,
    parse_setup_script,
)

TYPE_CHECKERS = frozenset({"mypy", "pyright", "basedpyright", "pyre", "pyrefly", "ty"})
FORMATTERS = frozenset({"black", "isort", "ruff", "usort", "yapf"})

_TOOL_FILES = {
    "mypy.ini": "mypy",
    ".mypy.ini": "mypy",
    "pyrightconfig.json": "pyright",
    ".pyre_configuration": "pyre",
    "pyrefly.toml": "pyrefly",
    "ty.toml": "ty",
    "ruff.toml": "ruff",
    ".ruff.toml": "ruff",
    ".isort.cfg": "isort",
    ".style.yapf": "yapf",
}
_TOML, _CFG, _SCRIPT, _TOX = "pyproject.toml", "setup.cfg", "setup.py", "tox.ini"

METADATA_FILES = (_TOML, _CFG, _SCRIPT, _TOX)
"""The files whose text counts, besides ``requirements*.txt``."""

MARKING_FILES = ("py.typed", *_TOOL_FILES)
"""The files whose mere presence counts."""


@dataclass(frozen=True, slots=True)
class ProjectMetadata:
    """The facts. ``scripts`` are the targets of installed commands, such as ``kit.cli:main``.

    ``tools`` are the type checkers and formatters that are configured, ``is_typed`` whether the
    package says that it is typed.
    """

    requirements: tuple[DeclaredRequirement, ...] = ()
    scripts: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    is_typed: bool = False

    def requires(self, name: str) -> bool:
        """Whether the distribution ``name``, in lower case, is required for anything."""
        return any(each.is_of(name) for each in self.requirements)

    def oldest_release(self, name: str) -> tuple[int, int] | None:
        """The oldest release of ``name`` that the project allows; None where it allows any."""
        return oldest_release(self.requirements, name)

    def beside_torch(self, name: str) -> Iterator[DeclaredRequirement]:
        """The requirement of torch of each file that requires torch and not ``name``."""
        seen = {each.path for each in self.requirements if each.is_of(name)}
        for each in self.requirements:
            if each.is_of("torch") and each.path not in seen:
                seen.add(each.path)
                yield each

    @property
    def is_type_checked(self) -> bool:
        """Whether a type checker is configured, or the package says that it is typed."""
        return self.is_typed or not self.tools.isdisjoint(TYPE_CHECKERS)


def read_metadata(texts: Mapping[str, str]) -> ProjectMetadata:
    """The facts that files tell, given by their names (paths below the root) and texts.

    A file that is not valid tells nothing.

    >>> told = read_metadata({"pyproject.toml": '[project]\\ndependencies = ["torch>=2.4"]'})
    >>> told.requires("torchdet"), told.oldest_release("torch")
    (False, (2, 4))
    """
    parts = [_of_file(path, text) for path, text in texts.items()]
    return merged(parts)


def merged(parts: Iterable[ProjectMetadata]) -> ProjectMetadata:
    """What several folders or files of one project tell together."""
    known = list(parts)
    return ProjectMetadata(
        tuple(each for part in known for each in part.requirements),
        frozenset().union(*(part.scripts for part in known)),
        frozenset().union(*(part.tools for part in known)),
        any(part.is_typed for part in known),
    )


def _of_file(path: str, text: str) -> ProjectMetadata:
    name = path.rpartition("/")[2]
    if name == _TOML:
        return _of_pyproject(path, text)
    if name in (_CFG, _TOX):
        return _of_ini(path, text)
    if name == _SCRIPT:
        return _of_setup_script(path, text)
    if name == "py.typed":
        return ProjectMetadata(is_typed=True)
    if name in _TOOL_FILES:
        return ProjectMetadata(tools=frozenset({_TOOL_FILES[name]}))
    return ProjectMetadata(tuple(requirements_of_file(path, text)))


def _of_pyproject(path: str, text: str) -> ProjectMetadata:
    try:
        content = parse_toml(text)
    except TomlError:
        return ProjectMetadata()
    project, tool = _table(content, "project"), _table(content, "tool")
    rows = _Rows(text)
    declared = [
        *_declared(path, rows, _strings(project, "dependencies"), RequiredFor.RUN),
        *_declared(path, rows, _optional(content), RequiredFor.EXTRA),
        *_of_poetry(path, rows, _table(tool, "poetry")),
    ]
    tables = (
        _table(project, "scripts"),
        _table(project, "gui-scripts"),
        _table(tool, "poetry", "scripts"),
    )
    scripts = (target for table in tables for target in table.values() if isinstance(target, str))
    tools = (TYPE_CHECKERS | FORMATTERS) & tool.keys()
    return ProjectMetadata(tuple(declared), frozenset(map(_without_extras, scripts)), tools)


def _optional(content: Mapping[str, object]) -> Iterator[str]:
    """Requirements of extras, of dependency groups (PEP 735), and of tools' own lists."""
    tables = (
        _table(content, "project", "optional-dependencies"),
        _table(content, "dependency-groups"),
        _table(content, "tool", "pdm", "dev-dependencies"),
    )
    for table in tables:
        for name in table:
            yield from _strings(table, name)
    yield from _strings(_table(content, "tool", "uv"), "dev-dependencies")
    for environment in _table(content, "tool", "hatch", "envs").values():
        for key in ("dependencies", "extra-dependencies"):
            yield from _strings(_table(environment), key)


def _of_poetry(
    path: str, rows: _Rows, poetry: Mapping[str, object]
) -> Iterator[DeclaredRequirement]:
    groups = _table(poetry, "group").values()
    optional = (
        _table(poetry, "dev-dependencies"),
        *(_table(group, "dependencies") for group in groups),
    )
    run = _table(poetry, "dependencies")
    for needed_for, tables in ((RequiredFor.RUN, (run,)), (RequiredFor.EXTRA, optional)):
        for table in tables:
            for name, value in table.items():
                for version in _poetry_versions(value):
                    yield DeclaredRequirement(
                        of_poetry(name, version),
                        path,
                        rows.of_key(name),
                        RequirementForm.KEY,
                        needed_for,
                    )


def _poetry_versions(value: object) -> list[str]:
    """The versions in a value of Poetry's tables: one, a table with one, or several of these."""
    several = value if isinstance(value, list) else [value]
    given = (each if isinstance(each, str) else _table(each).get("version") for each in several)
    return [version if isinstance(version, str) else "*" for version in given]


def _of_ini(path: str, text: str) -> ProjectMetadata:
    import configparser  # few projects have such a file

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ProjectMetadata()
    tables = frozenset(section.partition("-")[0] for section in parser.sections())
    known = tables & (TYPE_CHECKERS | FORMATTERS)
    if path.rpartition("/")[2] == _TOX:
        return ProjectMetadata(tools=known)
    rows = _Rows(text)
    run = _lines(parser.get("options", "install_requires", fallback=""))
    extras = [
        line
        for section in parser.sections()
        if section == "options.extras_require"
        for value in parser[section].values()
        for line in _lines(value)
    ]
    form = RequirementForm.LINE
    declared = (
        *_declared(path, rows, run, RequiredFor.RUN, form),
        *_declared(path, rows, extras, RequiredFor.EXTRA, form),
    )
    commands = (
        line.partition("=")[2]
        for kind in ("console_scripts", "gui_scripts")
        for line in _lines(parser.get("options.entry_points", kind, fallback=""))
    )
    return ProjectMetadata(declared, frozenset(map(_without_extras, commands)), known)


def _of_setup_script(path: str, text: str) -> ProjectMetadata:
    tree = parse_setup_script(text)
    if tree is None:
        return ProjectMetadata()
    declared = tuple(
        DeclaredRequirement(
            requirement,
            path,
            row,
            RequirementForm.STRING,
            RequiredFor.EXTRA if is_extra else RequiredFor.RUN,
        )
        for requirement, row, is_extra in listed_requirements(tree)
    )
    return ProjectMetadata(declared, frozenset(map(_without_extras, entry_points(tree))))


class _Rows:
    """Where a text holds a requirement, which parsers of TOML and INI do not tell."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._lines = [(row, line) for row, line in enumerate(lines, 1) if line[:1] != "#"]

    def of(self, requirement: str) -> int:
        """The first row that holds ``requirement``, in quotes or alone; 1 where none does."""
        quoted = f'"{requirement}"', f"'{requirement}'"
        return next(
            (
                row
                for row, line in self._lines
                if line == requirement or quoted[0] in line or quoted[1] in line
            ),
            1,
        )

    def of_key(self, name: str) -> int:
        """The first row that assigns to the key ``name``; 1 where none does."""
        keys = name, f'"{name}"', f"'{name}'"
        return next((row for row, line in self._lines if line.partition("=")[0].strip() in keys), 1)


def _declared(
    path: str,
    rows: _Rows,
    requirements: Iterable[str],
    needed_for: RequiredFor,
    form: RequirementForm = RequirementForm.STRING,
) -> Iterator[DeclaredRequirement]:
    for each in requirements:
        yield DeclaredRequirement(each, path, rows.of(each), form, needed_for)


def _table(value: object, *keys: str) -> Mapping[str, object]:
    """The table under ``keys`` in ``value``; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _strings(table: Mapping[str, object], key: str) -> Iterator[str]:
    """The strings of the list under ``key``."""
    value = table.get(key)
    yield from (each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _lines(value: str) -> list[str]:
    """The lines of a list in an INI file, without comments."""
    lines = (line.partition("#")[0].strip() for line in value.splitlines())
    return [line for line in lines if line]


def _without_extras(target: str) -> str:
    """The target of a command without the extras that it needs: ``kit.cli:main [train]``."""
    return target.partition("[")[0].strip()
