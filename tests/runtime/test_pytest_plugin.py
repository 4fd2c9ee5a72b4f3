"""The fixtures as a project that uses them sees them: through the entry point, in its own run."""

from __future__ import annotations

import subprocess
import sys

from tests.runtime.support import SOURCE
from torchdet.runtime import Ready, Rejected, RejectionReason, RuntimePolicy, decide_torch_runtime

PROJECT = """
import torch, pytest
from torchdet.runtime import (PoisonedHandleError, Ready, RuntimePolicy, decide_torch_runtime,
                              get_torch_handle)

def test_runtime(torch_runtime, torch_handle):
    assert isinstance(torch_runtime, Ready)
    assert torch_handle is get_torch_handle()
    assert torch_handle.runtime.policy.seed == 5
    assert torch.are_deterministic_algorithms_enabled()

def test_rejected(rejected_runtime):
    assert rejected_runtime.rejections

def test_poisoned(poisoned_handle):
    poisoned_handle.device

def test_simulated(simulated_machine):
    decision = decide_torch_runtime(simulated_machine("cuda", 4), RuntimePolicy(device="cuda:3"))
    assert str(decision.device) == "cuda:3"

def test_each(each_machine):
    decide_torch_runtime(each_machine, RuntimePolicy())
"""


def run_pytest(folder, *arguments, **environment):
    (folder / "test_project.py").write_text(PROJECT)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": str(SOURCE), "PATH": "", **environment},
        check=False,
    )


def test_a_project_gets_the_fixtures(tmp_path):
    done = run_pytest(tmp_path, TORCHDET_SEED="5")
    assert "1 failed, 9 passed" in done.stdout, done.stdout
    assert "handle.device was used at" in done.stdout
    assert "in test_poisoned(), which should have received a handle" in done.stdout


def test_a_rejected_runtime_fails_with_every_reason(tmp_path):
    done = run_pytest(
        tmp_path, "-k", "test_runtime", TORCHDET_DEVICE="cuda:9", CUBLAS_WORKSPACE_CONFIG=":1:1"
    )
    assert "[cublas-workspace-nondeterministic]" in done.stdout
    assert "[device-" in done.stdout
    assert done.returncode == 1


def test_the_plugin_imports_no_torch(tmp_path):
    code = "import sys, torchdet.pytest_plugin; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_rejected_runtime_has_no_torch(rejected_runtime):
    assert isinstance(rejected_runtime, Rejected)
    assert rejected_runtime.reasons == (RejectionReason.TORCH_NOT_INSTALLED,)


def test_each_machine_is_decided(each_machine):
    decision = decide_torch_runtime(each_machine, RuntimePolicy())
    accelerators = getattr(each_machine.torch, "accelerators", None)
    if accelerators is None:
        assert isinstance(decision, Rejected)
    else:
        assert isinstance(decision, Ready)
        assert decision.device.type == (accelerators[0].type if accelerators else "cpu")
