"""What the surroundings of two runs have to do with their difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verify.verify_command import verify

PROGRAM = """\
import torch

torch.manual_seed(0)
x = torch.randn(1 << 20)
total = x.sum()
"""


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program and its traces on one and on two threads."""
    folder = tmp_path_factory.mktemp("traces")
    (folder / "total.py").write_text(PROGRAM)
    for threads in ("1", "2"):
        code, _, said = verify("--record", threads, "total.py", cwd=folder,
                               env={"OMP_NUM_THREADS": threads})  # fmt: skip
        assert code == 0, said
    return folder


def test_other_threads_are_the_cause_where_equal_inputs_give_another_sum(traces: Path) -> None:
    code, verdict, said = verify("compare", "1", "2", cwd=traces)
    assert code == 1, said
    first = verdict["first_divergence"]
    assert isinstance(first, dict)
    assert first["operation"] == "aten.sum"
    assert first["location"]["row"] == 5
    assert first["cause"] == verdict["cause"] == "environment"
    assert "threads is 1 in the first run and 2 in the second" in first["detail"]
    assert "same versions" in first["advice"]
    assert {"name": "threads", "first": "1", "second": "2"} in verdict["environment"]


def test_another_environment_alone_is_no_difference(traces: Path) -> None:
    (traces / "total.py").write_text(PROGRAM.replace("x.sum()", "x + 1"))
    for name, threads in (("one", "1"), ("two", "2")):
        verify("--record", name, "total.py", cwd=traces, env={"OMP_NUM_THREADS": threads})
    code, verdict, said = verify("compare", "one", "two", cwd=traces)
    assert code == 0, said
    assert verdict["identical"] is True
    assert verdict["cause"] is None
    assert verdict["environment"]
