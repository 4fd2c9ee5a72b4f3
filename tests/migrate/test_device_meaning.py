"""Migrated code does on a machine without an accelerator what it did there before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.migrate.project import migrate

CODES = ("DET301", "DET302", "DET303", "DET304", "DET307", "DET309", "DET310")

# Each defines `result`, in ways that work without an accelerator.
PROGRAMS = {
    "a choice as a device": """
        import torch
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        result = str(torch.zeros(2, device=device).device)
    """,
    "a choice as text": """
        import torch
        device = "cuda" if torch.cuda.is_available() else "cpu"
        result = [device, device == "cpu", device.upper(), {"device": device}]
    """,
    "a choice of the first": """
        import torch
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
        result = device.split(":")
    """,
    "a chain": """
        import torch
        def choose():
            if torch.cuda.is_available():
                return "cuda"
            if torch.backends.mps.is_available():
                return "mps"
            return "cpu"
        device = choose()
        result = device
    """,
    "statements": """
        import torch
        class Trainer:
            def __init__(self):
                if torch.cuda.is_available():
                    self.device = torch.device("cuda")
                else:
                    self.device = torch.device("cpu")
        result = [str(Trainer().device), Trainer().device.type]
    """,
    "a user's switch": """
        import torch
        def choose(no_cuda):
            use_cuda = not no_cuda and torch.cuda.is_available()
            device = torch.device("cuda" if use_cuda else "cpu")
            wanted = torch.device("cuda" if torch.cuda.is_available() and not no_cuda else "cpu")
            return [str(device), str(wanted)]
        result = [choose(True), choose(False)]
    """,
    "code that stays dead": """
        import torch
        log = []
        if torch.cuda.is_available():
            torch.cuda.synchronize()
            log.append("cuda")
        x = torch.ones(2)
        if x.is_cuda:
            x = x.cuda()
        result = [log, x.tolist(), torch.cuda.device_count()]
    """,
    "seeds": """
        import random
        import numpy as np
        import torch
        def set_seed(seed: int):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            torch.cuda.manual_seed_all(seed)
        def set_torch_seed(seed):
            torch.manual_seed(seed)
            torch.cuda.manual_seed_all(seed)
        set_seed(7)
        result = [random.random(), np.random.rand(), torch.rand(2).tolist()]
        random.seed(1)
        np.random.seed(2)
        set_torch_seed(3)
        result += [random.random(), np.random.rand(), torch.rand(2).tolist()]
    """,
    "an option that is overridden": """
        import argparse
        import torch
        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--device", default="cuda")
            args = parser.parse_args(["--device", "cpu"])
            device = torch.device(args.device)
            return torch.zeros(2, device=device).to(args.device)
        result = str(main().device)
    """,
    "settings that a configuration overrides": """
        import torch
        device = "cuda"
        settings = [k for k, v in globals().items() if isinstance(v, str) and not k.startswith("_")]
        if type("cpu") == type(globals()["device"]):
            globals()["device"] = "cpu"
        result = [settings, str(torch.zeros(2).to(device).device)]
    """,
    "loading into a module": """
        import io
        import torch
        net, file = torch.nn.Linear(2, 2), io.BytesIO()
        torch.nn.init.ones_(net.weight)
        torch.save(net.state_dict(), file)
        def load(data):
            other = torch.nn.Linear(2, 2)
            other.load_state_dict(torch.load(io.BytesIO(data)))
            return other.weight.tolist()
        result = load(file.getvalue())
    """,
    "a scaler": """
        import torch
        scaler = torch.cuda.amp.GradScaler(enabled=False)
        net = torch.nn.Linear(2, 1)
        scaler.scale(net(torch.ones(2)).sum()).backward()
        result = [scaler.is_enabled(), net.weight.grad.tolist()]
    """,
}

_RUN = """
import json, sys, warnings
warnings.simplefilter("ignore")
found = []
for text in json.load(sys.stdin):
    names = {"__name__": "program"}
    exec(compile(text, "program", "exec"), names)
    found.append(names["result"])
print(json.dumps(found))
"""


def _text(program: str) -> str:
    lines = program.strip("\n").splitlines()
    return "".join(f"{line[8:]}\n" for line in lines if line.strip())


def _migrated(text: str) -> str:
    return migrate({"program.py": text}, CODES).texts["program.py"]


def _results(texts: list[str], folder: Path) -> list[object]:
    ran = subprocess.run(
        [sys.executable, "-c", _RUN],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[object] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_programs_give_the_same_without_an_accelerator(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")
    before = [_text(program) for program in PROGRAMS.values()]
    after = [_migrated(text) for text in before]
    assert all(old != new for old, new in zip(before, after, strict=True))
    expected, found = _results(before, tmp_path), _results(after, tmp_path)
    assert dict(zip(PROGRAMS, found, strict=True)) == dict(zip(PROGRAMS, expected, strict=True))
