"""What packaging files say of a project: facts from texts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.rows import every_row
from torchdet.reading.project import ModuleSource
from torchdet.reading.project.metadata import read_metadata


@dataclass(frozen=True)
class Row:
    """A file, whether it requires torchdet, and the oldest torch that it allows."""

    path: str
    text: str
    requires: bool
    torch: tuple[int, int] | None

    def __str__(self) -> str:
        return f"{self.path}: {self.text!r}"


PYPROJECT, CFG, SCRIPT, LISTED = "pyproject.toml", "setup.cfg", "setup.py", "requirements.txt"
ROWS = [
    Row(PYPROJECT, '[project]\ndependencies = ["torch>=2.4", "torchdet"]', True, (2, 4)),
    Row(PYPROJECT, '[project]\ndependencies = ["torch >= 2.4, < 3, != 2.5"]', False, (2, 4)),
    Row(PYPROJECT, '[project]\ndependencies = ["torchvision>=0.19", "torch"]', False, None),
    Row(PYPROJECT, '[project]\ndependencies = ["kit[torch]>=3.1"]', False, None),
    Row(PYPROJECT, '[project]\ndependencies = ["torch<3"]', False, None),
    Row(PYPROJECT, '[project]\ndependencies = ["torch>=soon"]', False, None),
    Row(PYPROJECT, '[project.optional-dependencies]\ndev = ["TorchDet[verify]"]', True, None),
    Row(
        PYPROJECT,
        '[dependency-groups]\ntest = ["torch~=2.7.1", {include-group = "x"}]',
        False,
        (2, 7),
    ),
    Row(PYPROJECT, '[tool.poetry.dependencies]\ntorch = "^2.5"\ntorchdet = "*"', True, (2, 5)),
    Row(
        PYPROJECT,
        '[tool.poetry.dependencies]\ntorch = {version = "2.3.1", optional = true}',
        False,
        (2, 3),
    ),
    Row(
        PYPROJECT,
        '[tool.poetry.group.dev.dependencies]\ntorch = [{version = "~2.6"}]',
        False,
        (2, 6),
    ),
    Row(PYPROJECT, '[tool.hatch.envs.test]\ndependencies = ["torchdet"]', True, None),
    Row(PYPROJECT, '[build-system]\nrequires = ["torch>=2.4"]', False, None),
    Row(PYPROJECT, '[project\ndependencies = ["torch>=2.4"]', False, None),
    Row(PYPROJECT, 'project = 1\ntool = ["torch"]', False, None),
    Row(PYPROJECT, '# [project]\n# dependencies = ["torchdet"]', False, None),
    Row(CFG, "[options]\ninstall_requires =\n    torch>=2.4  # old\n    torchdet", True, (2, 4)),
    Row(CFG, "[options.extras_require]\ngpu = torch==2.5.1", False, (2, 5)),
    Row(CFG, "[options]\ninstall_requires = file: requirements.txt", False, None),
    Row(CFG, "install_requires = torch", False, None),
    Row(SCRIPT, "setup(install_requires=['torch>=2.4', 'torchdet'])", True, (2, 4)),
    Row(SCRIPT, "NEEDS = ['torch>=2.2']\nsetuptools.setup(install_requires=NEEDS)", False, (2, 2)),
    Row(SCRIPT, "setup(extras_require={'gpu': ['torch==2.6.*']})", False, (2, 6)),
    Row(SCRIPT, "setup(keywords=['torch', 'torchdet'], packages=['torchdet'])", False, None),
    Row(SCRIPT, "print 'torchdet'", False, None),
    Row(SCRIPT, "x = " + "(" * 100_000, False, None),
    Row(SCRIPT, "\0", False, None),
    Row(LISTED, "numpy\ntorch==2.6.0+cpu --hash=sha256:0 # pinned\n-e .\ntorchdet\n", True, (2, 6)),
    Row(LISTED, "-r torch.txt\n--find-links torchdet\n# torchdet\n", False, None),
    Row(LISTED, "torch==2.6.0 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\n", False, (2, 6)),
    Row(LISTED, "torch @ https://example.org/torch-2.6.0.whl\n", False, None),
    Row(
        LISTED,
        "torch>=2.6; platform_system == 'Linux'\ntorch>=2.2; sys_platform == 'darwin'",
        False,
        (2, 2),
    ),
]


@every_row(ROWS)
def test_requirements(row: Row) -> None:
    told = read_metadata({row.path: row.text})
    assert told.requires("torchdet") is row.requires
    assert told.oldest_release("torch") == row.torch


def test_what_the_project_needs_counts_before_files_and_extras() -> None:
    project = '[project]\ndependencies = ["torch>=2.3"]\noptional-dependencies.old = ["torch==2.0"]'
    files = {"requirements-dev.txt": "torch==2.1", PYPROJECT: project}
    assert read_metadata(files).oldest_release("torch") == (2, 3)
    files[PYPROJECT] = project.replace(">=2.3", "")
    assert read_metadata(files).oldest_release("torch") == (2, 1)


@every_row(
    [
        (PYPROJECT, '# "torch"\n[project]\ndependencies = [\n  "numpy",\n  "torch>=2",\n]', 5),
        (PYPROJECT, "[tool.poetry.dependencies]\nnumpy = '*'\ntorch = '^2'", 3),
        (CFG, "[options]\ninstall_requires =\n    numpy\n    torch>=2", 4),
        (SCRIPT, "setup(\n  install_requires=[\n    'torch>=2'])", 3),
        (LISTED, "numpy \\\n  --hash=0\ntorch", 3),
    ]
)
def test_rows(row: tuple[str, str, int]) -> None:
    path, text, expected = row
    (found,) = [each for each in read_metadata({path: text}).requirements if each.is_of("torch")]
    assert (found.path, found.row) == (path, expected)


@every_row(
    [
        (
            PYPROJECT,
            '[project.scripts]\nkit = "kit.cli:main"\n[project.gui-scripts]\nk = "kit:App.run"',
        ),
        (PYPROJECT, '[tool.poetry.scripts]\nkit = "kit.cli:main"\nk = "kit:App.run"'),
        (
            CFG,
            "[options.entry_points]\nconsole_scripts=\n kit = kit.cli:main [gpu]\n k=kit:App.run",
        ),
        (
            SCRIPT,
            "setup(entry_points={'console_scripts': ['kit=kit.cli:main', 'k = kit:App.run']})",
        ),
        (
            SCRIPT,
            "setup(entry_points='''\n[console_scripts]\nkit=kit.cli:main\nk=kit:App.run\n''')",
        ),
    ]
)
def test_commands(row: tuple[str, str]) -> None:
    path, text = row
    assert read_metadata({path: text}).scripts == {"kit.cli:main", "kit:App.run"}


@pytest.mark.parametrize(
    ("path", "text", "tools"),
    [
        (PYPROJECT, "[tool.mypy]\n[tool.black]\n[tool.poetry]", {"mypy", "black"}),
        (PYPROJECT, "[tool.ruff.format]\n[tool.isort]\n[tool.usort]", {"ruff", "isort", "usort"}),
        (PYPROJECT, "[[tool.mypy.overrides]]\nmodule = 'x'", {"mypy"}),
        (CFG, "[mypy-kit.*]\n[isort]\n[flake8]", {"mypy", "isort"}),
        ("tox.ini", "[tox]\n[mypy]", {"mypy"}),
        (".pyre_configuration", "", {"pyre"}),
        ("pyrefly.toml", "", {"pyrefly"}),
        ("ty.toml", "", {"ty"}),
    ],
)
def test_tools(path: str, text: str, tools: set[str]) -> None:
    assert read_metadata({path: text}).tools == tools


@every_row(
    [
        ("import torchdet.runtime", True),
        ("def f():\n    from torchdet.runtime import get_torch_handle", True),
        ("import os, torchdet as t", True),
        ("from torch import nn\nimport torchdetector", False),
        ("# import torchdet", False),
        ("from kit import torchdet", False),
        ("x = 'torchdet'", False),
    ]
)
def test_imports(row: tuple[str, bool]) -> None:
    text, expected = row
    assert ModuleSource("kit.a", text.encode()).imports("torchdet") is expected


def test_a_typed_package_is_type_checked() -> None:
    assert read_metadata({"py.typed": ""}).is_type_checked
    assert read_metadata({PYPROJECT: "[tool.ty]"}).is_type_checked
    assert not read_metadata({PYPROJECT: "[tool.black]"}).is_type_checked
