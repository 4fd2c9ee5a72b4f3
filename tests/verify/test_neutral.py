"""A recorded program computes the bits that it computes alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from torchdet.verify.program_run import run_program
from torchdet.verify.recording_spec import Level, RecordingSpec

PROGRAM = """
import hashlib, json, random, sys
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Flatten(),
    torch.nn.Linear(8 * 36, 32), torch.nn.Dropout(), torch.nn.LayerNorm(32),
)
attention = torch.nn.TransformerEncoderLayer(32, 4, batch_first=True)
lstm = torch.nn.LSTM(32, 16)
modules = torch.nn.ModuleList([model, attention, lstm])
optimizer = torch.optim.AdamW(modules.parameters(), foreach=True)
for _ in range(3):
    x = model(torch.randn(4, 3, 8, 8))
    y, _ = lstm(attention(x[None]))
    loss = y.square().mean() + torch.fft.rfft(x).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
    optimizer.step()
modules.eval()
with torch.inference_mode():
    out = attention(model(torch.randn(4, 3, 8, 8))[None])
tensors = [*modules.state_dict().values(), out, torch.get_rng_state(), loss.detach()]
digest = hashlib.sha256(b"".join(each.contiguous().numpy().tobytes() for each in tensors))
json.dump({"bits": digest.hexdigest(), "python": random.getstate()[1][-1]}, open(sys.argv[1], "w"))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The bits that the program computes when nothing watches it."""
    folder = tmp_path_factory.mktemp("alone")
    program, result = folder / "program.py", folder / "result.json"
    program.write_text(PROGRAM)
    subprocess.run([sys.executable, str(program), str(result)], check=True)
    return json.loads(result.read_text())["bits"]


@pytest.mark.parametrize("level", list(Level))
def test_recording_changes_no_bit(level: Level, alone: object, tmp_path: Path) -> None:
    program, result = tmp_path / "program.py", tmp_path / "result.json"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), str(result)]
    finished = run_program(command, RecordingSpec(str(tmp_path / "trace"), level))
    assert finished.status == 0
    assert json.loads(result.read_text())["bits"] == alone
    assert finished.trace.count_steps() == 3
    assert (finished.trace.count_operations() > 0) is (level is not Level.STEP)


def test_a_compiled_function_stays_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PyTorch hands the folder of its libraries to the linker, which a space in it breaks.
    packages = tmp_path / "packages"
    torch = find_spec("torch")
    assert torch is not None
    packages.symlink_to(Path(torch.origin or "").parents[1])
    monkeypatch.setenv("PYTHONPATH", str(packages), prepend=os.pathsep)
    program = tmp_path / "program.py"
    program.write_text(
        "import torch\n"
        "torch.manual_seed(0)\n"
        "from torch._dynamo.utils import counters\n"
        "model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.GELU())\n"
        "step = torch.compile(lambda x: model(x).square().mean())\n"
        "for _ in range(3):\n"
        "    step(torch.randn(2, 4)).backward()\n"
        "assert counters['stats']['unique_graphs'] == 1, counters\n"
    )
    spec = RecordingSpec(str(tmp_path / "trace"), Level.OPERATION)
    finished = run_program([sys.executable, str(program)], spec)
    assert finished.status == 0
    (process,) = finished.trace.processes().values()
    stream = process.streams()["main"]
    names = [stream.notes().sites[record.site] for record in stream.all_operations()]
    regions = [site.phase.value for site in names if site.operation == "compiled.region"]
    assert regions == ["forward", "backward"] * 3


def test_the_programs_own_sitecustomize_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos.environ['SEEN'] = 'yes'\n")
    code = "import os, sitecustomize; assert os.environ['SEEN'] == 'yes'; print(sitecustomize)"
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = path
    try:
        finished = run_program(
            [sys.executable, "-c", code], RecordingSpec(str(tmp_path / "trace"), Level.STEP)
        )
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    assert finished.status == 0
    assert not finished.trace.processes()
