"""Blocks of Python in documents, and stubs, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import torchdet

GUIDE = """\
# Guide

```python
import torch

x = torch.zeros(3, device="cuda")
```

1. An item with code in its margin:

   ```py
   y = torch.unique(x, sorted=False)
   print(y)
   ```

```pycon
>>> z = torch.unique(x,
...                  sorted=False); print(z)
tensor([0.])
>>> x.cuda()
```

```python
def half_a_function(:
```

```sh
python train.py --device "cuda"; torch.zeros(3, device="cuda")
```
"""
MANUAL = """\
Manual
======

.. code-block:: python
   :linenos:

   import torch

   def labels(x: torch.Tensor) -> torch.Tensor:
       return torch.unique(x, sorted=False)

Then:

>>> import torch
>>> torch.zeros(2, device="cuda")
tensor([0., 0.])

.. code:: bash

   torch.zeros(2, device="cuda")

.. testcode::

   torch.ones(2).cuda()
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "guide.md").write_text(GUIDE)
    (tmp_path / "manual.rst").write_text(MANUAL)
    return tmp_path


def places(*arguments: str) -> list[str]:
    command = ("lint", "--isolated", "--no-cache", "--quiet", "--exit-zero", *arguments)
    done = torchdet(*command, "--output-format", "json")
    return [
        f"{Path(each['filename']).name}:{each['location']['row']}:{each['location']['column']} "
        f"{each['code']}"
        for each in json.loads(done.stdout)
    ]


EXPECTED = [
    "guide.md:6:27 DET301",
    "guide.md:12:8 DET403",
    "guide.md:17:9 DET403",
    "guide.md:20:7 DET302",
    "manual.rst:10:15 DET403",
    "manual.rst:15:27 DET301",
    "manual.rst:24:18 DET302",
]


def test_places_are_those_of_the_document(docs: Path) -> None:
    assert places("--include-docs", ".") == EXPECTED


def test_folders_are_searched_for_documents_on_request_alone(docs: Path) -> None:
    assert places(".") == []
    assert places("guide.md") == EXPECTED[:4]
    (docs / "torchdet.toml").write_text("include-docs = true\n")
    command = ("lint", "--no-cache", "--exit-zero", "--output-format", "concise", ".")
    assert "manual.rst:24:18" in torchdet(*command).stdout


def test_the_text_shown_is_that_of_the_document(docs: Path) -> None:
    done = torchdet("lint", "--isolated", "--no-cache", "guide.md")
    assert "20 | >>> x.cuda()\n   |       ^^^^\n" in done.stdout


def test_fixes_change_nothing_but_the_code(docs: Path) -> None:
    before = (docs / "guide.md").read_bytes().replace(b"\n", b"\r\n")
    (docs / "guide.md").write_bytes(before)
    torchdet("fix", "--isolated", "--no-cache", "--include-docs", ".")
    after = (docs / "guide.md").read_bytes()
    assert after == before.replace(b"x, sorted=False", b"x, sorted=True").replace(
        b"...                  sorted=False", b"...                  sorted=True"
    )
    manual = (docs / "manual.rst").read_text()
    assert manual == MANUAL.replace("x, sorted=False", "x, sorted=True")


def test_a_fix_that_cannot_be_written_back_is_not_offered(tmp_path: Path) -> None:
    text = ">>> import torch\n>>> torch.backends.cudnn.benchmark = (\n...     True)\n\nText.\n"
    (tmp_path / "a.rst").write_text(text)
    command = ("fix", "--isolated", "--no-cache", "--unsafe-fixes", "--include-docs", ".")
    torchdet(*command)
    after = (tmp_path / "a.rst").read_text()
    assert after.splitlines()[3:] == text.splitlines()[3:]
    assert all(line.startswith((">>> ", "... ")) for line in after.splitlines()[:3])


def test_comments_suppress_in_documents(docs: Path) -> None:
    text = GUIDE.replace('device="cuda")\n```', 'device="cuda")  # noqa: DET301\n```', 1)
    (docs / "guide.md").write_text(text)
    assert places("guide.md") == EXPECTED[1:4]


def test_what_a_whole_program_does_is_not_asked_of_pieces(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "```python\nimport torch\nfrom torch.utils.data import DataLoader\n\n"
        "torch.cuda.get_device_name(0)\n"
        "net = torch.nn.Linear(2, 2)\n"
        "for batch in DataLoader([1, 2], shuffle=True):\n    net(batch).sum().backward()\n```\n"
    )
    assert places("--policy", "handle", "a.md") == []


def test_stubs_in_folders_are_checked_but_for_their_imports(tmp_path: Path) -> None:
    (tmp_path / "net.pyi").write_text(
        'import torch\n\ndef make(n: int, device: str = "cuda") -> torch.Tensor: ...\n'
    )
    assert places("--policy", "handle", ".") == ["net.pyi:3:32 DET301"]


def test_a_migration_leaves_documents_and_stubs_of_folders_alone(docs: Path) -> None:
    (docs / "net.pyi").write_text("import torch\n")
    (docs / "net.py").write_text("import torch\n\nx = torch.zeros(3)\n")
    done = torchdet("fix", "--migrate", "--include-docs", "--isolated", "--diff", ".")
    assert "+++ " in done.stdout
    assert "guide.md" not in done.stdout + done.stderr
    assert "net.pyi" not in done.stdout + done.stderr
