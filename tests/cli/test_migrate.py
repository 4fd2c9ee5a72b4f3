"""``torchdet fix --migrate`` as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import torchdet

MODULE = "import torch\nimport torch.nn as nn\n\nnet = nn.Linear(2, 2)\n"
MIGRATED = """\
from ._torch_runtime import torch

nn = torch.nn

net = nn.Linear(2, 2)
"""
REFUSED = "import torch\n\ntorch.backends.cudnn.benchmark = True\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    Path("pyproject.toml").write_text('[project]\nname = "kit"\ndependencies = ["torch>=2.6"]\n')
    Path("kit").mkdir()
    Path("kit/__init__.py").write_text("")
    Path("kit/model.py").write_text(MODULE)
    return tmp_path


def migrate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return torchdet("fix", "--migrate", *arguments)


def test_a_project_is_migrated_and_a_second_run_changes_nothing() -> None:
    done = migrate()
    assert (done.returncode, done.stdout) == (0, "")
    assert Path("kit/model.py").read_text() == MIGRATED
    assert "Migrated 2 findings in 1 file:" in done.stderr
    assert "New: kit/_torch_runtime.py" in done.stderr
    runtime = Path("kit/_torch_runtime.py").read_text()
    again = migrate()
    assert (again.returncode, again.stderr) == (0, "Nothing to migrate\n")
    assert Path("kit/model.py").read_text() == MIGRATED
    assert Path("kit/_torch_runtime.py").read_text() == runtime


def test_the_migrated_project_lints_clean() -> None:
    assert torchdet("lint", "--select", "DET1").returncode == 1
    migrate()
    assert torchdet("lint", "--select", "DET1").returncode == 0


def test_a_packaging_file_that_lists_torch_is_told_what_to_add() -> None:
    assert 'pyproject.toml:3: add "torchdet", beside torch' in migrate().stderr
    assert "torchdet" not in Path("pyproject.toml").read_text()


def test_diff_shows_the_patch_and_writes_nothing() -> None:
    done = migrate("--diff")
    assert done.returncode == 1
    assert "-import torch\n" in done.stdout
    assert "+from ._torch_runtime import torch\n" in done.stdout
    assert "Would migrate 2 findings in 1 file:" in done.stderr
    assert Path("kit/model.py").read_text() == MODULE


def test_what_cannot_be_proved_is_refused_with_place_reason_and_advice() -> None:
    Path("kit/flags.py").write_text(REFUSED)
    done = migrate("--report", "account.json")
    assert done.returncode == 0
    assert "Refused 1 finding:\n      1  DET204  the value contradicts" in done.stderr
    account = json.loads(Path("account.json").read_text())
    (file,) = (each for each in account["files"] if each["refusals"])
    assert file["filename"] == "kit/flags.py"
    (refusal,) = file["refusals"]
    assert refusal["code"] == "DET204"
    assert refusal["reason"]
    assert "policy" in refusal["advice"]
    assert account["changed"] == {"DET101": 3}
    assert account["refused"] == {"DET204": 1}
    assert account["written"] is True
    assert [each["line"] for each in account["undeclared_dependencies"]] == ['"torchdet",']


def test_the_report_is_markdown_where_its_name_says_so() -> None:
    Path("kit/flags.py").write_text(REFUSED)
    migrate("--report", "account.md", "--diff")
    text = Path("account.md").read_text()
    assert "| DET101 | 3 | 0 |" in text
    assert "would change" in text
    assert re.search(r"\| `kit/flags.py:\d+` \| DET204 \|", text)
    assert text.index("## Left for a person") < text.index("## Changes")


CHOICE = """\
import torch

torch.use_deterministic_algorithms(True)
torch.backends.cudnn.benchmark = True
x = torch.zeros(2, device=torch.device("cuda" if torch.cuda.is_available() else "cpu"))
torch.backends.cudnn.allow_tf32 = True
"""


@pytest.mark.parametrize("diff", [True, False])
def test_places_are_those_in_the_file_as_it_is_after_the_run(diff: bool) -> None:
    Path("kit/flags.py").write_text(CHOICE)
    migrate("kit/flags.py", "--report", "account.json", *(["--diff"] if diff else []))
    (file,) = json.loads(Path("account.json").read_text())["files"]
    text = Path("kit/flags.py").read_text()
    assert ("_torch_runtime" in text) is not diff
    rows = [text.splitlines()[each["location"]["row"] - 1] for each in file["refusals"]]
    assert rows == [row for row in CHOICE.splitlines() if row.endswith(("= True", "(True)"))]


def test_changes_are_listed_by_their_places_before_the_run() -> None:
    Path("kit/flags.py").write_text(CHOICE)
    migrate("kit/flags.py", "--report", "account.json")
    (file,) = json.loads(Path("account.json").read_text())["files"]
    rows = {each["code"]: each["location"]["row"] for each in file["changes"]}
    assert rows == {"DET101": 1, "DET304": 5}


def test_a_file_whose_name_is_not_utf_8_is_reported(project: Path) -> None:
    name = os.fsencode(project) + b"/kit/caf\xe9|`.py"
    try:
        with open(name, "wb") as stream:
            stream.write(MODULE.encode())
    except OSError:
        pytest.skip("this file system takes no such name")
    assert migrate("--report", "account.md").returncode == 0
    assert "``kit/caf\\xe9\\|`.py:1``" in Path("account.md").read_text()
    with open(name, "rb") as stream:
        assert stream.read() == MIGRATED.encode()


def test_what_failed_is_in_the_report_with_its_place() -> None:
    Path("kit/broken.py").write_text("import torch\ndef f(:\n")
    migrate("--diff", "--report", "account.json")
    migrate("--diff", "--report", "account.md")
    files = json.loads(Path("account.json").read_text())["files"]
    ((failed,),) = (each["failures"] for each in files if each["failures"])
    assert failed["location"] == {"row": 2, "column": 7}
    assert "not valid Python" in failed["message"]
    assert "- `kit/broken.py:2`: DET901 not valid Python" in Path("account.md").read_text()


def test_a_report_that_could_not_be_written_is_refused_before_the_work() -> None:
    done = migrate("--report", "nowhere/account.md")
    assert done.returncode == 2
    assert "--report nowhere/account.md: its folder" in done.stderr
    assert Path("kit/model.py").read_text() == MODULE


def test_uncommitted_work_is_left_alone_unless_allowed() -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    Path("kit/model.py").write_text(f"{MODULE}# note\n")
    done = migrate()
    assert done.returncode == 2
    assert "uncommitted changes" in done.stderr
    assert Path("kit/model.py").read_text() == f"{MODULE}# note\n"
    assert migrate("--allow-dirty").returncode == 0
    assert Path("kit/model.py").read_text() == f"{MIGRATED}# note\n"


def test_vendored_folders_are_migrated_only_when_named() -> None:
    Path("kit/_vendor").mkdir()
    Path("kit/_vendor/net.py").write_text(MODULE)
    migrate("kit")
    assert Path("kit/_vendor/net.py").read_text() == MODULE
    migrate("kit/_vendor")
    assert "rt = get_torch_handle()\n" in Path("kit/_vendor/net.py").read_text()


@pytest.mark.parametrize(("name", "reason"), [("model.pyi", "a stub, which is never run")])
def test_what_is_no_module_is_left_alone_and_says_so_where_it_is_named(
    name: str, reason: str
) -> None:
    Path("kit", name).write_text("import torch\n")
    assert migrate("kit", "--diff").returncode == 1
    done = migrate(f"kit/{name}")
    assert done.returncode == 2
    assert f"kit/{name}:1:1: DET901 {reason}" in done.stderr
    assert Path("kit", name).read_text() == "import torch\n"


def test_the_script_that_builds_the_package_stays() -> None:
    script = "import torch\nfrom setuptools import setup\n\nsetup(version=torch.__version__)\n"
    Path("setup.py").write_text(script)
    done = migrate("--diff")
    assert "setup.py" not in done.stdout
    assert "the file builds the package" in done.stderr


def test_a_part_of_a_project_is_migrated_as_with_the_rest_of_it() -> None:
    Path("kit/wrapper.py").write_text("class Wrapper:\n    def cuda(self):\n        return 1\n")
    Path("kit/part").mkdir()
    Path("kit/part/move.py").write_text("def move(x):\n    return x.cuda()\n")
    done = migrate("kit/part")
    assert "a class of the project has a method `cuda` of its own" in done.stderr
    Path("kit/wrapper.py").unlink()
    migrate("kit/part")
    assert "return x.to(rt.device)" in Path("kit/part/move.py").read_text()


def test_a_type_checked_project_keeps_its_types() -> None:
    migrate("--typed", "never")
    assert Path("kit/model.py").read_text() == MIGRATED
    Path("kit/model.py").write_text(MODULE)
    Path("kit/py.typed").write_text("")
    Path("train.py").write_text(MODULE)
    migrate()
    assert Path("kit/model.py").read_text() == MIGRATED
    assert "if TYPE_CHECKING:\n    import torch\n" in Path("train.py").read_text()


def test_the_facade_takes_one_import_and_leaves_the_others() -> None:
    done = migrate("--facade")
    assert done.returncode == 0, done.stderr
    text = Path("kit/model.py").read_text()
    assert text.index("torchdet.facade") < text.index("import torch\n")
    assert "import torch.nn as nn\n" in text
    assert "get_torch_handle" not in text
    Path("pyproject.toml").write_text('[tool.torchdet]\npolicy = "facade"\n')
    assert "Nothing to migrate" in migrate().stderr


def test_a_file_that_cannot_be_parsed_stops_nobody_else() -> None:
    Path("kit/broken.py").write_text("import torch\ndef f(:\n")
    done = migrate()
    assert done.returncode == 2
    assert "kit/broken.py:2" in done.stderr
    assert Path("kit/model.py").read_text() == MIGRATED
    assert Path("kit/broken.py").read_text() == "import torch\ndef f(:\n"


def test_a_file_that_cannot_be_written_does_not_read_as_nothing_to_do() -> None:
    Path("kit/model.py").chmod(0o444)
    done = migrate()
    assert done.returncode == 2
    assert "kit/model.py:1:1: DET901 cannot be written: the file is read-only" in done.stderr
    assert "Nothing migrated: 1 file failed" in done.stderr
    assert Path("kit/model.py").read_text() == MODULE


def test_rules_that_are_not_migrated_are_not_selected_in_silence() -> None:
    done = migrate("--select", "DET401")
    assert "no rule that is migrated is selected; these are: DET101, " in done.stderr
    assert "no rule that is migrated" not in migrate("--select", "DET401,DET2").stderr


def test_a_patch_without_standard_output_is_not_a_fault() -> None:
    command = f"{shlex.quote(sys.executable)} -m torchdet fix --migrate --diff >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Would migrate 2 findings in 1 file:" in done.stderr


def test_bytes_that_no_edit_touches_stay() -> None:
    data = b"\xef\xbb\xbf# caf\xc3\xa9\r\nimport torch\r\n\r\nx = torch.zeros(2)\f\r\n"
    Path("kit/model.py").write_bytes(data)
    migrate()
    expected = (
        b"\xef\xbb\xbf# caf\xc3\xa9\r\nfrom ._torch_runtime import torch\r\n\r\n"
        b"x = torch.zeros(2)\f\r\n"
    )
    assert Path("kit/model.py").read_bytes() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fix", "--facade"], "--facade belongs to --migrate"),
        (["fix", "--report", "a.md"], "--report belongs to --migrate"),
        (["fix", "--migrate", "--report", "a.txt"], "must end in .json or .md"),
        (["fix", "--migrate", "--facade", "--typed", "always"], "--facade keeps the imports"),
        (["fix", "--migrate", "-"], "not on standard input"),
    ],
)
def test_usage_that_contradicts_itself_is_refused(arguments: list[str], message: str) -> None:
    done = torchdet(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
