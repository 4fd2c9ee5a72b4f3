"""The trial of migrations on real projects: what it fetches, counts and calls sound."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.bench.scripts import script


def test_pinned_projects_are_pinned_and_of_many_kinds() -> None:
    projects = script("projects")
    pinned = projects.pinned_projects()
    assert len({project.name for project in pinned}) == len(pinned) >= 9
    for project in pinned:
        assert project.packages
        assert project.tests
        if isinstance(project.source, projects.Release):
            assert len(bytes.fromhex(project.source.sha256)) == 32
        else:
            assert len(bytes.fromhex(project.source.commit)) == 20
    assert any(project.types for project in pinned)


def test_requirements_are_pinned() -> None:
    lines = script("projects").REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert "torch==2.13.0" in wanted
    assert all("==" in line for line in wanted)


def test_unknown_project_is_named() -> None:
    projects = script("projects")
    with pytest.raises(projects.ProjectError, match=r"no such project in .*: nothing"):
        projects.chosen(["nothing"], projects.pinned_projects())


def tarball(members: dict[str, str], link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        if link:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(info)
    return stream.getvalue()


def test_unpack_drops_the_outer_folder_and_links(tmp_path: Path) -> None:
    archive = tarball({"a-1/a/__init__.py": "x = 1\n"}, link="a-1/link")
    assert script("fetch_projects").unpack(archive, tmp_path / "a", strip=1) == 1
    assert [path.name for path in (tmp_path / "a").rglob("*") if path.is_file()] == ["__init__.py"]


@pytest.mark.parametrize("name", ["../evil.py", "a/../../evil.py", "/evil.py"])
def test_unpack_refuses_members_outside_the_folder(tmp_path: Path, name: str) -> None:
    archive = tarball({"a/good.py": "", name: ""})
    with pytest.raises(script("projects").ProjectError, match="outside the folder"):
        script("fetch_projects").unpack(archive, tmp_path / "src" / "a", strip=0)
    assert not list(tmp_path.rglob("*.py"))


def test_download_refuses_another_file_than_the_pinned_one(tmp_path: Path) -> None:
    projects = script("projects")
    (tmp_path / "a-1.tar.gz").write_bytes(b"not the file")
    release = projects.Release("1", "a-1.tar.gz", "00" * 32)
    with pytest.raises(projects.ProjectError, match=r"sha256 is .* expected 0000"):
        script("fetch_projects").download("a", release, tmp_path)


JUNIT = """<testsuites><testsuite>
<testcase classname="m" name="good" /><testcase classname="m" name="off"><skipped /></testcase>
<testcase classname="m" name="bad"><failure>no</failure></testcase>
<testcase classname="" name="m"><error>cannot be collected</error></testcase>
<testcase classname="m" name="at[&lt;f at 0x7fa3c0de&gt;]" />
<testcase classname="m" name="twice" /><testcase classname="m" name="twice"><error /></testcase>
</testsuite></testsuites>"""


def test_junit_outcomes_are_read_by_test() -> None:
    outcomes = script("outcomes")
    names = {test: outcome.name for test, outcome in outcomes.read_junit(JUNIT).items()}
    assert names == {
        "m::good": "PASSED",
        "m::off": "SKIPPED",
        "m::bad": "FAILED",
        "::m": "ERROR",
        "m::at[<f at 0x>]": "PASSED",
        "m::twice": "ERROR",
    }


def test_differences_tell_what_got_worse_and_leave_out_what_changes_by_itself() -> None:
    outcomes = script("outcomes")
    passed, failed = outcomes.Outcome.PASSED, outcomes.Outcome.FAILED
    before = [{"broken": passed, "mended": failed, "moody": passed, "gone": passed}]
    after = [{"broken": failed, "mended": passed, "moody": failed}]
    found = {each.test: each for each in outcomes.differences(before, after)}
    assert set(found) == {"broken", "mended", "moody", "gone"}
    assert found["gone"].after == "missing"
    assert [test for test, each in found.items() if each.worse] == ["broken", "gone", "moody"]

    again = {"broken": failed, "mended": passed, "moody": passed}
    twice = list(outcomes.differences([*before, *before], [*after, again]))
    assert [each.test for each in twice] == ["broken", "gone", "mended"]


def test_findings_count_only_where_nothing_was_refused() -> None:
    copy = script("migrated_copy")
    finding = {"filename": "a.py", "code": "DET101", "message": "no", "location": {"row": 3}}
    refused = frozenset({("a.py", 3, "DET101")})
    assert list(copy.outside_refusals([finding], refused)) == []
    elsewhere = {**finding, "location": {"row": 4}}
    assert list(copy.outside_refusals([elsewhere], refused)) == ["a.py:4: DET101 no"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package that uses torch, with a test that passes and one that never did."""
    folder = tmp_path / "tiny"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny/__init__.py").write_text(
        "import torch\n\n\ndef total(n):\n    return torch.ones(n).sum().item()\n"
    )
    (folder / "test_tiny.py").write_text(
        "import tiny\n\n\ndef test_total():\n    assert tiny.total(3) == 3\n\n\n"
        "def test_never():\n    assert tiny.total(3) == 4\n"
    )
    return folder


def migrated(project: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code of the script and what it says of the project."""
    result = project.parent / "result.json"
    tests = ["--package", "tiny", "--tests", "python -m pytest -q", "--json", str(result)]
    onto = ["--to", "handle"]
    code = script("migrate_projects").main(["--project", str(project), *tests, *onto, *options])
    (trial,) = json.loads(result.read_text())
    return code, trial


def test_sound_migration_of_a_project(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = project.parent / "work"
    code, trial = migrated(project, "--work", str(work), "--tests", "python -c 'import tiny'")
    assert (code, trial["sound"]) == (0, True)
    # The module of the package, and the runtime module that the migration writes.
    assert (trial["files"], trial["files_changed"]) == (1, 2)
    assert (trial["tests"], trial["passed_before"], trial["passed_after"]) == (3, 2, 2)
    after = work / "tiny/to-handle/tiny"
    assert "from ._torch_runtime import torch" in (after / "__init__.py").read_text()
    assert "deferred_handle" in (after / "_torch_runtime.py").read_text()
    assert "import torch" in (project / "tiny/__init__.py").read_text()
    assert "| tiny |" in capsys.readouterr().out
    # The import in the module, and the rows of the new one.
    assert trial["size"]["imports_only"] == [1]
    assert trial["size"]["added"] == trial["size"]["new"] + 1
    assert (trial["packages"], trial["imports"], trial["without_torch"]) == (1, [], 0)
    assert trial["never_applying"] == 0


def test_import_that_changes_the_process_is_told(tmp_path: Path) -> None:
    package = tmp_path / "loud"
    package.mkdir()
    (package / "__init__.py").write_text("import random\n\nrandom.seed(3)\n")
    projects, commands = script("projects"), script("run_command")
    project = projects.Project("loud", "", ("loud",), ("true",))
    probed = script("import_probe").probe_imports(
        project, commands.Place(tmp_path, Path(sys.executable))
    )
    assert [*probed["loud"].changes] == ["generator of random"]
    assert (probed["loud"].error, probed["loud"].error_without_torch) == ("", "")


def test_worse_imports_name_what_is_new() -> None:
    imported, trial = script("import_probe").Imported, script("trial")
    before = {"kit": imported({"threads": "1 -> 2"}, "", "")}
    after = {"kit": imported({"threads": "1 -> 2", "cudnn.benchmark": "True -> False"}, "", "no")}
    assert list(trial._worse_imports(before, after)) == [
        "kit: cudnn.benchmark True -> False",
        "kit, without torch: no",
    ]


def test_another_target_leaves_no_import_of_the_runtime(project: Path) -> None:
    result = project.parent / "result.json"
    (project / "tiny/__init__.py").write_text(
        "import torch\n\n\ndef total(n):\n    return torch.ones(n).sum().item()\n\n\n"
        "def moved(x):\n    return x.cuda()\n"
    )
    tests = ["--package", "tiny", "--tests", "python -m pytest -q", "--json", str(result)]
    options = ["--project", str(project), *tests, "--to", "accelerator"]
    assert script("migrate_projects").main(options) == 0
    (trial,) = json.loads(result.read_text())
    assert (trial["target"], trial["findings"]) == ("accelerator", [])
    assert trial["size"]["imports_only"] == []


def test_types_and_formatting_are_read_from_what_the_tools_print(tmp_path: Path) -> None:
    copy, projects, commands = script("migrated_copy"), script("projects"), script("run_command")
    pyright = f"  {tmp_path.resolve()}/kit/a.py:3:5 - error: no"
    said = [pyright, "kit/b.py:7: error: neither", "Would reformat: kit/c.py", "kit/d.py:1:1: I001"]
    (tmp_path / "said.py").write_text(f"print({chr(10).join(said)!r})")
    command = "python said.py"
    project = projects.Project("kit", "", (), (), types=command, formatters=(command,))
    place = commands.Place(tmp_path, Path(sys.executable))
    assert set(copy.type_errors(project, place)) == {"kit/a.py: no", "kit/b.py: neither"}
    assert {"kit/c.py", "kit/d.py"} <= copy.unformatted(project, place)


def test_broken_test_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """This one passes until its module is migrated."""
    (project / "test_source.py").write_text(
        "import pathlib, tiny\n\n\ndef test_source():\n"
        "    assert pathlib.Path(tiny.__file__).read_text().startswith('import torch')\n"
    )
    code, trial = migrated(project)
    assert (code, trial["sound"]) == (1, False)
    assert trial["differing"] == [
        {"test": "test_source::test_source", "before": "passed", "after": "failed"}
    ]
    assert "test_source::test_source: passed → failed" in capsys.readouterr().out


def test_project_without_a_passing_test_is_not_tried(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tiny/__init__.py").write_text("raise ImportError\n")
    command = ["--package", "tiny", "--tests", "python -m pytest -q"]
    assert script("migrate_projects").main(["--project", str(project), *command]) == 2
    assert "no test passes before the migration" in capsys.readouterr().err


def test_command_past_its_limit_is_stopped(tmp_path: Path) -> None:
    commands = script("run_command")
    place = commands.Place(tmp_path, Path(sys.executable), limit=0.5)
    finished = commands.run(["python", "-c", "import time; time.sleep(60)"], place)
    assert finished.exit_code == commands.TIMED_OUT
