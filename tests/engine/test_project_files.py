"""Other files of the project: where they are found, and what a cached report depends on."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from torchdet.engine.cache import ReportCache
from torchdet.engine.discover import source_file
from torchdet.engine.project_files import ProjectFiles, file_settings, project_of
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import FileReport
from torchdet.reading.project import UNKNOWN_PROJECT, ModuleSource


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "name", "found"),
    [
        ({"scripts/helpers.py": "beside"}, "helpers", "beside"),
        ({"kit/seed.py": "from the root"}, "kit.seed", "from the root"),
        ({"src/kit/seed.py": "from src"}, "kit.seed", "from src"),
        ({"kit/__init__.py": "package", "kit.py": "module"}, "kit", "package"),
        ({"scripts/helpers.py": "nearer", "helpers.py": "farther"}, "helpers", "nearer"),
        ({"scripts/random.py": "never asked for"}, "random", None),
        ({}, "transformers", None),
    ],
)
def test_modules_are_found_as_imports_find_them(
    tmp_path: Path, files: Mapping[str, str], name: str, found: str | None
) -> None:
    write(tmp_path, files)
    (tmp_path / "scripts").mkdir(exist_ok=True)
    project = project_of(str(tmp_path / "scripts" / "train.py"), str(tmp_path))
    module = project.module(name)
    assert (module.data.decode() if module is not None else None) == found


def test_nothing_above_the_configuration_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"helpers.py": "", "project/train.py": "", "other/.git/HEAD": ""})
    write(tmp_path, {"other/scripts/train.py": ""})
    inside = str(tmp_path / "project" / "train.py")
    assert project_of(inside, str(tmp_path / "project")).module("helpers") is None
    assert project_of(inside, str(tmp_path)).module("helpers") is not None
    elsewhere = str(tmp_path / "other" / "scripts" / "train.py")
    assert project_of(elsewhere, str(tmp_path / "project")).module("helpers") is None


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ("pyproject.toml", '[project.scripts]\nkit-train = "kit.cli:main"\n'),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    kit-train = kit.cli:main\n"),
        ("setup.py", "setup(entry_points={'console_scripts': ['kit-train=kit.cli:main']})\n"),
    ],
)
def test_console_scripts_are_read_from_the_metadata(
    tmp_path: Path, metadata: str, text: str
) -> None:
    write(tmp_path, {metadata: text, "src/kit/__init__.py": "", "src/kit/cli.py": ""})
    project = project_of(str(tmp_path / "src" / "kit" / "cli.py"), str(tmp_path))
    assert project.console_scripts("kit.cli") == {"main"}
    assert project.console_scripts("cli") == frozenset()
    assert project.console_scripts("n\udcf7") == frozenset()  # a file name that is no text


@pytest.mark.parametrize(
    ("module", "name", "absolute"),
    [
        (ModuleSource("kit.train", b""), "torch", "torch"),
        (ModuleSource("kit.train", b""), ".seed", "kit.seed"),
        (ModuleSource("kit", b"", is_package=True), ".seed", "kit.seed"),
        (ModuleSource("kit.a.b", b""), "..seed", "kit.seed"),
        (ModuleSource("kit.a", b"", is_package=True), "..", "kit"),
        (ModuleSource("train", b""), ".seed", "seed"),
    ],
)
def test_relative_names(module: ModuleSource, name: str, absolute: str) -> None:
    assert module.absolute(name) == absolute


def test_a_cached_report_is_used_while_all_answers_are_the_same(tmp_path: Path) -> None:
    write(tmp_path, {"train.py": "import seeds\n"})
    file = source_file(str(tmp_path / "train.py"), LintConfig(root=str(tmp_path)))
    data = (tmp_path / "train.py").read_bytes()
    cache = ReportCache(tmp_path / "cache")

    def check() -> None:
        settings = file_settings(file)
        settings.project.module("seeds")
        settings.project.console_scripts("train")
        cache.put(file.path, data, settings, FileReport(file.path))

    def cached() -> bool:
        return cache.get(file.path, data, file_settings(file)) is not None

    check()
    assert cached()
    write(tmp_path, {"seeds.py": "import torch\n"})
    assert not cached()
    check()
    assert cached()
    write(tmp_path, {"seeds.py": "import torch  # changed\n"})
    assert not cached()
    check()
    write(tmp_path, {"pyproject.toml": '[project]\nscripts = {a = "train:main"}\n'})
    assert not cached()
    check()
    write(tmp_path, {"unrelated.py": ""})
    assert cached()


def test_a_report_made_with_a_project_is_not_used_without_one() -> None:
    project = ProjectFiles(("kit",), {"kit/seeds.py": b""}.get)
    assert UNKNOWN_PROJECT.still_answers(project.answers())
    project.module("seeds")
    assert not UNKNOWN_PROJECT.still_answers(project.answers())


def test_the_first_package_of_a_name_is_the_only_place_of_its_modules() -> None:
    files = {
        "near/kit/__init__.py": b"",
        "near/kit/train.py": b"",
        "far/kit/seeds.py": b"",
        "near/tool.py": b"",
        "near/tool/seeds.py": b"",
    }
    project = ProjectFiles(("near", "far"), files.get)
    assert project.module("kit.train") is not None
    assert project.module("kit.seeds") is None
    assert project.module("tool.seeds") is None


def test_folders_without_init_make_one_package_together() -> None:
    files = {"near/kit/train.py": b"", "far/kit/seeds.py": b"", "far/kit/deep/part.py": b""}
    project = ProjectFiles(("near", "far"), files.get)
    assert project.module("kit") is None
    for name in ("kit.train", "kit.seeds", "kit.deep.part"):
        assert project.module(name) is not None


def test_modules_of_the_standard_library_and_of_torch_are_never_the_projects() -> None:
    project = ProjectFiles(("near",), lambda path: b"")
    assert project.module("torch") is None
    assert project.module("torch.random") is None
    assert project.module("random") is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
def test_a_module_that_is_no_regular_file_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "seeding.py")
    (tmp_path / "zeros.py").symlink_to("/dev/zero")
    project = project_of(str(tmp_path / "train.py"), str(tmp_path))
    assert project.module("seeding") is None
    assert project.module("zeros") is None
