"""`torchdet doctor` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.runtime.support import SOURCE
from tests.surroundings import settled
from torchdet.cli.doctor import render
from torchdet.runtime import RuntimePolicy, decide_torch_runtime, simulated_facts
from torchdet.runtime.diagnosis import Diagnosis


def doctor(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "torchdet", "doctor", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**settled(), "PYTHONPATH": str(SOURCE), **environment},
        check=False,
    )


def test_a_ready_machine(tmp_path):
    (tmp_path / "torchdet.toml").write_text('[runtime]\ndevice = "cpu"\nseed = 7\n')
    done = doctor(tmp_path, "--json", PYTHONHASHSEED="0")
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(done.stdout)
    assert (data["status"], data["device"], data["policy"]["seed"]) == ("ready", "cpu", 7)
    assert data["policy_sources"][0]["values"] == {"device": "cpu", "seed": 7}
    assert {each["status"] for each in data["settings"]} == {"holds"}
    assert (data["rejections"], data["advice"]) == ([], [])


def test_a_rejected_machine_says_what_to_do_about_each_reason(tmp_path):
    environment = {"TORCHDET_DEVICE": "cuda:99", "CUBLAS_WORKSPACE_CONFIG": ":1:1"}
    text = doctor(tmp_path, **environment)
    assert text.returncode == 1
    assert text.stdout.count("remedy: ") == 2
    assert "[cublas-workspace-nondeterministic]" in text.stdout
    assert "cuda:99    the environment variable TORCHDET_DEVICE" in text.stdout
    assert "differs    torch.use_deterministic_algorithms = 'off'" in text.stdout  # not applied


def test_a_rejection_as_data():
    rejected = decide_torch_runtime(simulated_facts("no-torch"), RuntimePolicy(device="cuda"))
    data = json.loads(json.dumps(Diagnosis((), rejected, (), ()).as_dict()))
    assert (data["status"], data["device"]) == ("rejected", None)
    assert [each["reason"] for each in data["rejections"]] == ["torch-not-installed"]
    assert data["rejections"][0]["remedy"]
    assert "rejected\n  [torch-not-installed]" in render(Diagnosis((), rejected, (), ()))


def test_a_decision_says_why_it_is_the_cpu_and_what_was_replaced():
    def shown(**policy):
        ready = decide_torch_runtime(simulated_facts("cpu"), RuntimePolicy(**policy))
        return render(Diagnosis((), ready, (), ()))

    assert "decision\n  ready on cpu, because no accelerator was found" in shown()
    assert shown(device="cpu").endswith("decision\n  ready on cpu\n")
    assert shown(device="cuda", on_missing="cpu").endswith("ready on cpu\n  cuda -> cpu\n")


def test_a_policy_that_cannot_be_read(tmp_path):
    (tmp_path / "torchdet.toml").write_text("[runtime]\nsead = 7\n")
    done = doctor(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "torchdet.toml" in done.stderr
    assert "did you mean 'seed'" in done.stderr
