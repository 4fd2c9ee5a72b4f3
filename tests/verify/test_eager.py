"""``--eager`` looks into compiled regions, in what is then another program."""

from __future__ import annotations

from pathlib import Path

from tests.verify.verify_command import verify
from torchdet.verify.trace.archive import open_trace

PROGRAM = """\
import torch

@torch.compile
def step(x):
    return torch.nn.functional.gelu(x).square()

step(torch.ones(4))
"""


def test_the_operations_of_a_compiled_region_are_recorded(tmp_path: Path) -> None:
    (tmp_path / "compiled.py").write_text(PROGRAM)
    code, _, said = verify("--eager", "--record", "trace", "compiled.py", cwd=tmp_path)
    assert code == 0, said
    assert "compiled regions run eagerly: this program is not the compiled one" in said
    (process,) = open_trace(tmp_path / "trace", tmp_path).processes().values()
    assert process.header.environment["TORCHDYNAMO_DISABLE"] == "1"
    sites = process.streams()["main"].notes().sites.values()
    (gelu,) = [site for site in sites if site.operation == "aten.gelu"]
    assert gelu.location is not None
    assert gelu.location.row == 5
    assert not [site for site in sites if site.operation == "compiled.region"]
