"""What does not take is named; the probe that must raise does."""

from __future__ import annotations

import json

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.runtime.support import run_python
from torchdet.runtime import Determinism, RejectionReason, RuntimePolicy
from torchdet.runtime.apply import check_alert, policy_in
from torchdet.runtime.facts import ChildProcess, DataLoaderWorker, MainProcess

# One process: a rejected policy leaves no handle, so three can be refused one after the other.
REJECTED = """
import json, torch
from torchdet.runtime import RuntimePolicy, TorchRuntimeRejected, get_torch_handle
def attempt(**policy):
    try:
        get_torch_handle(RuntimePolicy(**policy))
    except TorchRuntimeRejected as error:
        return [[each.reason.value, dict(each.details).get("setting"),
                 dict(each.details).get("refusal", "")] for each in error.rejected.rejections]

other = 1 + torch.get_num_interop_threads()
torch.set_num_interop_threads(torch.get_num_interop_threads())
late = attempt(num_interop_threads=other)

put = torch.Tensor.put_
torch.Tensor.put_ = lambda self, *rest: self
without_effect = attempt()
torch.Tensor.put_ = put

torch.backends.cudnn.benchmark = True
torch.backends.disable_global_flags()
print(json.dumps({"late": late, "without effect": without_effect, "frozen": attempt()}))
"""


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    return json.loads(run_python(REJECTED, cwd=tmp_path_factory.mktemp("refused")))


def test_frozen_flags_reject_and_are_named(refused):
    rejections = refused["frozen"]
    names = [name for reason, name, _ in rejections if reason == "setting-not-applied"]
    assert "torch.backends.cudnn.benchmark" in names
    assert "torch.use_deterministic_algorithms" not in names
    refusal = next(said for _, name, said in rejections if name == "torch.backends.cudnn.benchmark")
    assert "disable_global_flags" in refusal


def test_a_thread_count_that_comes_too_late_rejects(refused):
    [[reason, name, refusal]] = refused["late"]
    assert (reason, name) == ("setting-not-applied", "torch.set_num_interop_threads")
    assert "cannot set number of interop threads" in refusal


def test_a_switch_without_effect_rejects(refused):
    assert refused["without effect"] == [["probe-did-not-raise", None, ""]]


@pytest.mark.parametrize("determinism", Determinism)
def test_the_alert_answers_to_the_mode_that_is_set(determinism):
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.use_deterministic_algorithms(True, warn_only=determinism is Determinism.WARN_ONLY)
        assert check_alert(torch, determinism) is None
        for mode in (torch.device("meta"), FakeTensorMode(), torch.inference_mode()):
            with mode:  # modes of the caller do not disturb it
                assert check_alert(torch, determinism) is None
        torch.use_deterministic_algorithms(False)
        rejection = check_alert(torch, determinism)
        assert rejection is not None
        assert rejection.reason is RejectionReason.PROBE_DID_NOT_RAISE
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)


def test_workers_keep_the_threads_and_seeds_that_torch_gave_them():
    policy = RuntimePolicy(seed=1, num_threads=4, num_interop_threads=2, precision="tf32")
    assert policy_in(MainProcess(), policy) is policy
    assert policy_in(ChildProcess("spawn"), policy) is policy
    in_worker = policy_in(DataLoaderWorker(0, 2, 5, "spawn"), policy)
    assert in_worker == RuntimePolicy(precision="tf32")
