"""Where projects begin, and what their packaging files say from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unprivileged import UNKNOWN, public_folder, unprivileged
from torchdet.engine.project_metadata import metadata_of
from torchdet.engine.project_root import project_folders, project_root, project_roots
from torchdet.reading.project.requirements import RequirementForm


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = [\n  "torch>=2.4",\n]\n')
    (tmp_path / "src" / "kit").mkdir(parents=True)
    (tmp_path / "src" / "kit" / "train.py").write_text("import torch\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_project_reaches_up_to_its_packaging_file(project: Path) -> None:
    folders = project_folders(["src/kit/train.py"])
    assert folders == tuple(map(str, (project, project / "src", project / "src" / "kit")))


def test_the_roots_are_the_outermost_of_the_projects(project: Path) -> None:
    (project / "src" / "pyproject.toml").write_text("")
    (project / "alone").mkdir()
    (project / "alone" / "setup.py").write_text("")
    assert project_roots(["src/kit/train.py", "src/kit", "."]) == (str(project),)
    assert project_roots(["src/kit/train.py", "alone"]) == (
        str(project / "alone"),
        str(project / "src"),
    )


def test_a_home_directory_is_no_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(project))
    assert project_roots(["src/kit/train.py"]) == (str(project / "src" / "kit"),)


def test_a_user_without_a_home_directory_has_projects(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "LOGNAME", "USER"):
        monkeypatch.delenv(name, raising=False)
    with public_folder() as folder, unprivileged(UNKNOWN):
        assert project_roots([str(folder)]) == (str(folder),)


def test_a_package_is_no_root(project: Path) -> None:
    (project / "src" / "kit" / "__init__.py").write_text("")
    (project / "src" / "kit" / "setup.py").write_text("def setup(): pass")
    assert project_root(str(project / "src" / "kit")) == str(project)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("src/kit/py.typed", ""),
        ("mypy.ini", "[mypy]\n"),
        ("setup.cfg", "[metadata]\nname = kit\n\n[mypy]\nstrict = True\n"),
        ("pyproject.toml", "[tool.mypy]\nstrict = true\n"),
        ("pyproject.toml", "[[tool.mypy.overrides]]\nmodule = 'x'\n"),
        ("pyproject.toml", "[tool.pyright]\n"),
        ("pyrightconfig.json", "{}"),
    ],
)
def test_a_project_with_a_type_checker_is_typed(project: Path, name: str, content: str) -> None:
    assert not metadata_of(project_folders(["src/kit"])).is_type_checked
    (project / name).write_text(content)
    assert metadata_of(project_folders(["src/kit"])).is_type_checked


def test_files_that_require_torch_are_told_what_to_add(project: Path) -> None:
    (project / "requirements.txt").write_text("numpy\ntorch==2.13.0  # pinned\n")
    (project / "requirements-dev.txt").write_text("pytest\ntorchvision\n")
    found = list(metadata_of(project_folders(["src"])).beside_torch("torchdet"))
    assert [(each.path, each.row, each.form) for each in found] == [
        ("pyproject.toml", 3, RequirementForm.STRING),
        ("requirements.txt", 2, RequirementForm.LINE),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "torchvision>=0.15\n",
        "torch-geometric\n",
        "pytorch-lightning\n",
        "torch\ntorchdet\n",
        "# torch\n",
    ],
)
def test_files_that_need_no_line_are_not_named(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text("[project]\nname = 'torch-kit'\n")
    (project / "requirements.txt").write_text(text)
    assert list(metadata_of(project_folders(["src"])).beside_torch("torchdet")) == []
