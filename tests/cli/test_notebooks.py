"""Notebooks are linted, fixed and migrated like modules, and nothing but their code changes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import nbformat
import pytest

from tests.cli.process import torchdet

CELLS: list[tuple[str, str]] = [
    ("markdown", "# Train"),
    ("code", "%matplotlib inline\nimport torch\n!pip install torch"),
    ("code", "%%bash\necho torch.cuda.synchronize()"),
    (
        "code",
        "files = !ls\nif files:\n    %time torch.cuda.synchronize()\n"
        "torch.cuda.synchronize()\ntorch?",
    ),
    ("code", '%%time\nx = torch.zeros(1, device="cuda")'),
]


def write(path: str, cells: list[tuple[str, str]], **layout: object) -> bytes:
    notebook = {
        "cells": [
            {
                "cell_type": kind,
                "metadata": {"tags": ["é"]},
                "source": source.splitlines(keepends=True),
                **({"execution_count": 3, "outputs": [OUTPUT]} if kind == "code" else {}),
            }
            for kind, source in cells
        ],
        "metadata": {"kernelspec": {"name": "python3", "language": "python", "display_name": "P"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    options: dict[str, object] = {"indent": 1, "ensure_ascii": False, **layout}
    text = json.dumps(notebook, **options) + "\n"  # type: ignore[arg-type]  # by their names
    Path(path).write_text(text, encoding="utf-8")
    return text.encode()


OUTPUT = {
    "output_type": "display_data",
    "metadata": {},
    "data": {"text/plain": ["1.0e-05 ", "torch.cuda.synchronize()"]},
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setenv("NO_COLOR", "1")


def lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    return torchdet("lint", "--select", "DET301,DET303", *arguments)


def test_findings_have_their_cell_and_its_line_in_every_format() -> None:
    write("a.ipynb", CELLS)
    for _ in range(2):  # the second time from the cache
        concise = lint("--output-format", "concise", "-q").stdout.splitlines()
        assert [line.split(" DET")[0] for line in concise] == [
            "a.ipynb:cell 4:4:1:",
            "a.ipynb:cell 5:2:27:",
        ]
    full = lint("-q").stdout
    assert "4 | torch.cuda.synchronize()" in full
    assert "%%bash" not in full
    first, second = json.loads(lint("--output-format", "json").stdout)
    assert (first["cell"], first["location"]) == (4, {"row": 4, "column": 1})
    assert first["fix"]["edits"][0]["location"]["row"] == 4
    assert (second["cell"], second["location"]["row"]) == (5, 2)
    assert "a.ipynb:cell 4:4:1" in lint("--output-format", "github").stdout
    assert "a.ipynb:cell 4:4:1" in lint("--output-format", "junit").stdout
    assert "cell 4: DET303" in lint("--output-format", "gitlab").stdout
    (sarif,) = json.loads(lint("--output-format", "sarif").stdout)["runs"]
    place = sarif["results"][0]["locations"][0]
    assert place["logicalLocations"][0] == {"fullyQualifiedName": "cell 4, row 4"}
    assert "fixes" not in sarif["results"][0]


@pytest.mark.parametrize("layout", [{}, {"indent": None}])
def test_formats_that_point_into_the_file_give_the_row_of_its_json(layout: dict[str, int]) -> None:
    rows = write("a.ipynb", CELLS, **layout).decode().splitlines()
    for _ in range(2):  # the second time from the cache
        (sarif,) = json.loads(lint("--output-format", "sarif").stdout)["runs"]
        regions = [each["locations"][0]["physicalLocation"]["region"] for each in sarif["results"]]
        github = [
            int(number)
            for number in re.findall(r"line=(\d+)", lint("--output-format", "github").stdout)
        ]
        gitlab = json.loads(lint("--output-format", "gitlab").stdout)
        begins = [each["location"]["positions"]["begin"]["line"] for each in gitlab]
        assert [each["startLine"] for each in regions] == github == begins
        assert "torch.cuda.synchronize()" in rows[github[0] - 1]
        assert "torch.zeros(1, device=" in rows[github[1] - 1]
        assert all(set(each) == {"startLine", "endLine"} for each in regions)


def test_commands_go_on_in_rows_that_look_like_broken_numbers() -> None:
    commands = (
        "%shell ls\n  %shell wget \\\n    https://a.org/7102c63/b\n  %shell mount -o size=9G b"
    )
    source = f"import torch\nif True:\n  {commands}\n  torch.cuda.synchronize()"
    write("a.ipynb", [("code", source)])
    assert "a.ipynb:cell 1:7:3: DET303" in lint("--output-format", "concise").stdout


@pytest.mark.parametrize("layout", [{}, {"indent": None}, {"indent": 4, "ensure_ascii": True}])
def test_a_fix_changes_the_code_and_nothing_else(layout: dict[str, object]) -> None:
    before = write("a.ipynb", CELLS, **layout)
    assert torchdet("fix", "--select", "DET303", "--allow-dirty").returncode == 0
    after = Path("a.ipynb").read_bytes()
    fixed = [(kind, source) for kind, source in CELLS]
    fixed[3] = (
        "code",
        CELLS[3][1].replace("\ntorch.cuda.synch", "\ntorch.accelerator.synch"),
    )
    assert after == write("expected.ipynb", fixed, **layout)
    assert after != before
    nbformat.validate(nbformat.reads(after.decode(), as_version=4))  # type: ignore[no-untyped-call]


def test_a_migration_binds_the_handle_in_the_first_cell() -> None:
    write("a.ipynb", [("code", "import torch"), ("code", 'x = torch.zeros(1, device="cuda")')])
    done = torchdet("fix", "--migrate", "--allow-dirty")
    assert done.returncode == 0, done.stderr
    cells = json.loads(Path("a.ipynb").read_text())["cells"]
    assert "get_torch_handle()" in "".join(cells[0]["source"])
    assert "rt.device" in "".join(cells[1]["source"])
    assert cells[0]["outputs"] == [OUTPUT]


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "", "x = 1", '{"nbformat": 3, "worksheets": []}', '{"nbformat": 4, "cells": 1}'],
)
def test_what_is_no_notebook_is_never_without_findings(text: str) -> None:
    Path("a.ipynb").write_text(text)
    done = torchdet("lint", "a.ipynb")
    assert done.returncode == 2
    assert "No findings" not in done.stdout
    assert "a.ipynb:1:1" in done.stdout


def test_a_notebook_of_another_language_cannot_be_checked() -> None:
    text = write("a.ipynb", CELLS).decode().replace('"language": "python"', '"language": "R"')
    Path("a.ipynb").write_text(text)
    assert "a notebook of R" in torchdet("lint", "a.ipynb").stdout


def test_an_error_of_syntax_has_its_cell() -> None:
    write(
        "a.ipynb", [("markdown", "x"), ("code", "import torch\nx = torch.zeros(1, (device='cuda')")]
    )
    done = lint("--output-format", "concise")
    assert done.returncode == 2
    assert "a.ipynb:cell 2:2" in done.stdout


def test_comments_silence_findings_in_cells() -> None:
    write("a.ipynb", [("code", "import torch\ntorch.cuda.synchronize()  # noqa: DET303")])
    assert lint().returncode == 0


@pytest.mark.parametrize("key", ["cells", "cell_type", "source", "metadata", "nbformat_minor"])
def test_a_notebook_without_a_key_fails_with_the_reason(key: str) -> None:
    whole = write("a.ipynb", CELLS).decode()
    Path("a.ipynb").write_text(whole.replace(f'"{key}"', f'"{key}?"'), encoding="utf-8")
    done = torchdet("lint", "--output-format", "concise", "a.ipynb")
    assert "internal error" not in done.stdout + done.stderr
    if "DET901" in done.stdout:
        assert done.returncode == 2
        assert "not a notebook" in done.stdout
