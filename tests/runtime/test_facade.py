"""The one-line facade: importing it applies the policy, in the order and thread that it needs."""

from __future__ import annotations

import subprocess
import sys

from tests.runtime.support import SOURCE, run_python

ATTEMPT = """
def attempt():
    try:
        import torchdet.facade
        return "imported"
    except Exception as error:
        bases = [base.__name__ for base in (ImportError, RuntimeError) if isinstance(error, base)]
        return f"{type(error).__name__} {bases} {error}"
"""


def test_importing_it_first_sets_torch_up(tmp_path):
    code = """
        from torchdet.facade import Device, default_device, default_dtype, rt, torch
        import torch as plain
        print(torch is plain, torch.are_deterministic_algorithms_enabled(), rt.audit().holds)
        with default_dtype(torch.float64), default_device(Device.cpu.to_torch()):
            print(torch.nn.Linear(2, 2).weight.dtype)
        import threading
        def work():
            from torchdet.facade import torch as again
            print(again is torch)
        thread = threading.Thread(target=work); thread.start(); thread.join()
    """
    got = run_python(code, cwd=tmp_path).split("\n")
    assert got == ["True True True", "torch.float64", "True"]


def test_torch_imported_earlier_is_refused_unless_the_policy_accepts_it(tmp_path):
    code = ATTEMPT + (
        "import os, torch\n"
        "print(attempt())\n"
        "os.environ['TORCHDET_ACCEPT_EARLIER_IMPORT'] = 'true'\n"
        "torch.cuda._initialized = True\n"
        "print(attempt())\n"
        "torch.cuda._initialized = False\n"
        "print(attempt())"
    )
    first, after_cuda, accepted = run_python(code, cwd=tmp_path).split("\n")
    assert first.startswith("TorchImportedFirstError ['ImportError']")
    assert "import torchdet.facade before anything that imports torch" in first
    assert after_cuda.startswith("TorchImportedFirstError ['ImportError']")
    assert "has initialised CUDA since" in after_cuda
    assert accepted == "imported"


def test_a_worker_thread_is_refused_and_the_main_thread_may_still_import_it(tmp_path):
    code = ATTEMPT + (
        "import threading\n"
        "thread = threading.Thread(target=lambda: print(attempt()), name='w')\n"
        "thread.start(); thread.join()\n"
        "print(attempt())"
    )
    first, second = run_python(code, cwd=tmp_path).split("\n")
    assert first.startswith("WrongThreadError ['RuntimeError']")
    assert "in the main thread before worker threads start" in first
    assert second == "imported"


def test_a_process_that_has_its_handle_may_import_it_at_any_time(tmp_path):
    code = ATTEMPT + (
        "from torchdet.runtime import get_torch_handle\nrt = get_torch_handle()\n"
        "print(attempt())\nimport torchdet.facade\nprint(torchdet.facade.rt is rt)"
    )
    assert run_python(code, cwd=tmp_path).split("\n") == ["imported", "True"]


def test_its_torch_is_fully_typed(tmp_path):
    (tmp_path / "typed.py").write_text(
        "from torchdet.facade import rt, torch\n"
        "x: torch.Tensor = torch.ones(2, device=rt.device)\n"
        "reveal_type(x.sum())\n"
        "x.no_such_method()\n"
    )
    cache = str(SOURCE.parent / ".mypy_cache")  # torch's own types are read once
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, "typed.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"MYPYPATH": str(SOURCE), "PATH": ""},
        check=False,
    )
    assert 'Revealed type is "torch._tensor.Tensor"' in done.stdout
    assert 'typed.py:4: error: "Tensor" has no attribute "no_such_method"' in done.stdout
    assert done.stdout.count("error:") == 1, done.stdout
