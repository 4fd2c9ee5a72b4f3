"""Files with the syntax of newer Pythons than the one that runs torchdet are migrated."""

from __future__ import annotations

import pytest

from tests.migrate.project import migrate

LAZY = """\
lazy import torch
lazy import torch as th
lazy from torch import nn

import os


def make():
    return torch, th, nn, os
"""


def test_in_a_package_what_is_lazy_stays_lazy() -> None:
    migrated = migrate({"kit/__init__.py": "", "kit/net.py": LAZY}, ["DET1"])
    assert migrated.texts["kit/net.py"] == LAZY.replace(
        "lazy import torch\nlazy import torch as th\n",
        "lazy from ._torch_runtime import torch\nlazy from ._torch_runtime import torch as th\n",
    )
    (refusal,) = migrated.refusals["kit/net.py"]
    assert "a lazy import" in refusal.reason


def test_in_a_script_it_is_refused() -> None:
    migrated = migrate({"run.py": LAZY}, ["DET1"])
    assert migrated.texts["run.py"] == LAZY
    assert len(migrated.refusals["run.py"]) == 3


def test_a_handle_is_bound_no_sooner_than_a_lazy_import_runs() -> None:
    text = f"{LAZY}\n\ndef move(x):\n    return x.cuda()\n"
    migrated = migrate({"run.py": text}, ["DET1", "DET3"]).texts["run.py"]
    assert migrated.startswith(LAZY)


@pytest.mark.parametrize(
    "statement",
    [
        "name = t'{x} of {name}'",
        "try:\n    pass\nexcept ValueError, TypeError:\n    pass",
        "class Box[T = int]: ...",
        "type Pair[*Ts = *tuple[int, str]] = tuple[*Ts]",
    ],
)
def test_other_new_syntax_stays_as_it_is(statement: str) -> None:
    text = f"import torch\n\n\ndef f(x, name):\n    return torch.ones(2), x\n\n\n{statement}\n"
    migrated = migrate({"run.py": text}, ["DET1", "DET3"]).texts["run.py"]
    assert migrated.endswith(text.removeprefix("import torch\n"))
    assert "torch = rt.torch\n" in migrated
