"""The probe against the real process, and the rules that it reads by."""

from __future__ import annotations

import sys
import threading

import pytest
import torch

from tests.runtime.support import SOURCE, run_python
from torchdet.runtime import probe_torch_runtime
from torchdet.runtime.facts import DistributedRank, MainProcess, TorchPresent
from torchdet.runtime.probe import probe_distributed_rank, probe_environment


def test_torch_is_described_as_it_is():
    facts = probe_torch_runtime()
    assert isinstance(facts.torch, TorchPresent)
    assert facts.torch.version == torch.__version__
    assert facts.torch.was_imported
    assert facts.torch.num_threads == torch.get_num_threads()
    assert facts.torch.cpu_capability == torch.backends.cpu.get_cpu_capability()
    assert len(facts.torch.accelerators) == torch.accelerator.device_count()
    assert (facts.torch.cuda is None) == (torch.version.cuda is None and torch.version.hip is None)
    assert facts.torch.process_group is None
    assert facts.cpu_count >= 1
    assert isinstance(facts.process, MainProcess)


def test_the_thread_is_the_calling_one():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(probe_torch_runtime().thread), name="w")
    thread.start()
    thread.join()
    assert (seen[0].is_main, seen[0].name) == (False, "w")
    assert probe_torch_runtime().thread.is_main


def test_probing_initialises_no_accelerator_and_leaves_fork_usable(tmp_path):
    code = """
        import os, torch
        from torchdet.runtime import probe_torch_runtime
        before = dict(os.environ)
        probe_torch_runtime()
        print(torch.cuda.is_initialized(), torch.are_deterministic_algorithms_enabled(),
              dict(os.environ) == before, "torch._inductor.config" in __import__("sys").modules)
        child = os.fork()
        if child == 0:
            os._exit(1 if torch.cuda._is_in_bad_fork() else 0)
        print(os.waitpid(child, 0)[1])
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["False False True False", "0"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the first environment")
def test_the_environment_at_the_start_is_told_from_now(tmp_path):
    code = """
        import os
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        del os.environ["OMP_NUM_THREADS"]
        from torchdet.runtime.probe import probe_environment
        facts = probe_environment()
        print(facts.start_is_known, facts.python_ignores_environment)
        for name in ("CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS", "PYTHONHASHSEED"):
            print(facts.at_start(name), facts.now(name))
    """
    environment = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    lines = run_python(code, cwd=tmp_path, environment=environment).split("\n")
    assert lines == ["True False", "None :4096:8", "1 None", "0 0"]


def test_an_isolated_interpreter_is_recognised(tmp_path):
    code = f"""
        import sys; sys.path.insert(0, {str(SOURCE)!r})
        from torchdet.runtime.probe import probe_environment
        facts = probe_environment()
        ignores = facts.python_ignores_environment
        print(ignores, facts.hash_randomization, facts.now("PYTHONHASHSEED"))
    """
    environment = {"PYTHONHASHSEED": "0"}
    for option in ("-I", "-E"):
        got = run_python(code, cwd=tmp_path, environment=environment, options=(option,))
        assert got == "True True 0"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, DistributedRank(3, 8, 1)),
        ({"RANK": "3", "WORLD_SIZE": "8"}, DistributedRank(3, 8, 3)),
        ({"RANK": "3"}, None),
        ({"RANK": "8", "WORLD_SIZE": "8"}, None),
        ({"RANK": "x", "WORLD_SIZE": "8"}, None),
        ({"RANK": "-1", "WORLD_SIZE": "8"}, None),
        ({}, None),
    ],
)
def test_the_launcher_says_which_rank_this_is(monkeypatch, variables, expected):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert probe_distributed_rank() == expected


def test_odd_values_in_the_environment_are_facts_not_errors(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "\udcff odd")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    facts = probe_environment()
    assert facts.now("CUBLAS_WORKSPACE_CONFIG") == ""
    assert facts.now("PYTHONHASHSEED") == "\udcff odd"
    assert facts.now("NOT_PROBED") is None
