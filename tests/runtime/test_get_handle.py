"""Getting the handle by keywords, what it tells and leaves to subprocesses, and having it off."""

from __future__ import annotations

import pytest
import torch

from tests.runtime.support import run_python, run_script
from torchdet.runtime import (
    InvalidDeviceError,
    PolicyConflictError,
    PolicyError,
    RuntimePolicy,
    decide_torch_runtime,
    disable,
    get_torch_handle,
    simulated_facts,
)
from torchdet.runtime.facts import AbsenceReason, RuntimeFacts, TorchAbsent
from torchdet.runtime.settings import read_settings


class TestKeywords:
    def test_they_win_over_the_environment_and_leave_its_other_fields(self, tmp_path):
        code = """
            import torch
            from torchdet.runtime import Precision, get_torch_handle
            rt = get_torch_handle(device=torch.device("cpu"), seed=7, precision="tf32")
            print(rt.policy.device, rt.policy.seed, rt.policy.precision.value,
                  rt.policy.determinism.value, torch.initial_seed())
            print(get_torch_handle(seed=7) is rt, get_torch_handle(precision=Precision.TF32) is rt)
        """
        given = {"TORCHDET_DEVICE": "cuda", "TORCHDET_DETERMINISM": "warn-only"}
        told = run_python(code, cwd=tmp_path, environment=given)
        assert told.split("\n") == ["cpu 7 tf32 warn-only 7", "True True"]

    def test_they_change_fields_of_a_policy_that_is_given(self, tmp_path):
        code = """
            from torchdet.runtime import RuntimePolicy, get_torch_handle
            rt = get_torch_handle(RuntimePolicy(device="cuda", num_threads=1), device="cpu")
            print(rt.policy.device, rt.policy.num_threads)
        """
        assert run_python(code, cwd=tmp_path) == "cpu 1"

    def test_another_value_than_the_applied_one_is_a_conflict(self, torch_handle):
        assert get_torch_handle(precision=torch_handle.policy.precision) is torch_handle
        with pytest.raises(PolicyConflictError, match="seed: applied None, requested 12"):
            get_torch_handle(seed=12)

    def test_nonsense_names_its_field(self, torch_handle):
        with pytest.raises(PolicyError, match="precision: expected one of 'ieee', 'tf32', got 'a'"):
            get_torch_handle(precision="a")
        with pytest.raises(PolicyError, match="seed: expected an integer, got '7'"):
            get_torch_handle(seed="7")
        with pytest.raises(PolicyError, match="device: 'cuda:x' is not a device"):
            get_torch_handle(device="cuda:x")

    @pytest.mark.parametrize("device", ["cuda", -1, torch.device("cpu")])
    def test_a_device_in_the_place_of_a_policy_is_told_where_it_belongs(self, device):
        with pytest.raises(TypeError, match=rf"get_torch_handle\(device='{device}'\)"):
            get_torch_handle(device)

    def test_other_things_in_the_place_of_a_policy(self):
        with pytest.raises(TypeError, match=r"expected a RuntimePolicy, got \{'device'"):
            get_torch_handle({"device": "cpu"})


class TestDevices:
    def test_a_policy_takes_a_torch_device_as_text(self):
        assert RuntimePolicy(device=torch.device("cpu")) == RuntimePolicy(device="cpu")
        assert RuntimePolicy(device=torch.device("cuda", 1)).device == "cuda:1"
        with pytest.raises(PolicyError, match="expected a device, got None"):
            RuntimePolicy(device=None)

    @pytest.mark.parametrize(
        ("spec", "hint"), [("cudaa", "did you mean 'cuda'"), ("banana", "expected a type")]
    )
    def test_a_name_that_torch_does_not_know_is_an_invalid_device(self, torch_handle, spec, hint):
        with pytest.raises(InvalidDeviceError, match=f"torch knows no device '{spec}'; {hint}"):
            torch_handle.device_for(spec)


class TestSeedsOfSubprocesses:
    CHILD = "import torch; from torchdet.runtime import get_torch_handle; get_torch_handle(); "
    START = """
        import subprocess, sys
        from torchdet.runtime import get_torch_handle
        {start}
        print(subprocess.run([sys.executable, "-c", {child!r}], stdout=-1, text=True).stdout)
    """

    @pytest.mark.parametrize(
        ("start", "seeded"),
        [
            ("get_torch_handle(seed=7)", True),
            ("get_torch_handle().manual_seed(7, inherit=True)", True),
            ("get_torch_handle().manual_seed(7)", False),
        ],
    )
    def test_a_handle_in_a_subprocess_is_seeded_alike(self, tmp_path, start, seeded):
        child = self.CHILD + "print(torch.initial_seed() == 7)"
        assert run_python(self.START.format(start=start, child=child), cwd=tmp_path) == str(seeded)

    def test_the_subprocess_may_choose_its_own(self, tmp_path):
        child = self.CHILD.replace("get_torch_handle()", "get_torch_handle(seed=8)")
        code = self.START.format(
            start="get_torch_handle(seed=7)", child=child + "print(torch.initial_seed())"
        )
        assert run_python(code, cwd=tmp_path) == "8"


class TestDisable:
    def test_every_setting_is_as_before_and_back_again(self, tmp_path):
        code = """
            import os, torch
            from torchdet.runtime import RuntimePolicy, get_torch_handle, disable
            from torchdet.runtime.settings import read_settings
            policy = RuntimePolicy(seed=3, device="cpu")
            torch.backends.cudnn.benchmark = True
            os.environ["TORCHDET_SEED"] = "1"
            def state(): return [each.actual for each in read_settings(torch, policy)]
            before = state()
            rt = get_torch_handle(policy)
            applied = state()
            enable = disable()
            print(before != applied, state() == before, os.environ["TORCHDET_SEED"])
            other = get_torch_handle(device="cpu")
            print(other is rt, other.policy.seed)
            enable()
            print(get_torch_handle() is rt, state() == applied, rt.audit().holds,
                  os.environ["TORCHDET_SEED"])
            disable()()
            print(get_torch_handle() is rt)
            disable()
            print(state() == before)
            disable()()
        """
        told = run_python(code, cwd=tmp_path).split("\n")
        expected = ["True True 1", "False 1", "True True True 3", "True", "True"]
        assert told == expected

    def test_what_torch_sets_only_once_is_named(self, tmp_path):
        code = """
            from torchdet.runtime import RuntimePolicy, SettingError, disable, get_torch_handle
            rt = get_torch_handle(RuntimePolicy(num_interop_threads=3))
            try:
                disable()
            except SettingError as error:
                print(error)
            print(get_torch_handle() is rt, rt.audit().holds)
        """
        told = run_python(code, cwd=tmp_path).split("\n")
        stuck = "torch does not change torch.set_num_interop_threads a second time in a process"
        assert told == [stuck, "True True"]

    def test_the_fixture_disables_it_for_a_test(self, torch_handle, torch_handle_disabled):
        assert not torch.are_deterministic_algorithms_enabled()
        assert not all(
            state.actual == state.wanted for state in read_settings(torch, torch_handle.policy)
        )

    def test_afterwards_it_holds_again(self, torch_handle):
        assert torch_handle.audit().holds
        assert disable.__module__ == "torchdet.runtime.process"


class TestWhatIsSaid:
    def test_a_broken_torch_is_not_to_be_installed(self):
        reasons = {
            AbsenceReason.NOT_INSTALLED: ("torch is not installed", "install torch"),
            AbsenceReason.IMPORT_FAILED: ("torch is installed and cannot be imported", "mend what"),
        }
        for reason, (message, remedy) in reasons.items():
            facts = RuntimeFacts(TorchAbsent(reason, "libcudart.so.12: cannot open"))
            [rejection] = decide_torch_runtime(facts, RuntimePolicy()).rejections
            assert rejection.message == f"{message}: libcudart.so.12: cannot open"
            assert rejection.remedy.startswith(remedy)
        [missing] = decide_torch_runtime(simulated_facts("no-torch"), RuntimePolicy()).rejections
        assert "install torch" in missing.remedy

    def test_a_missing_accelerator_is_told_once_and_not_by_each_worker(self, tmp_path):
        code = """
            from torch.utils.data import DataLoader
            from torchdet.runtime import get_torch_handle
            if __name__ == "__main__":
                rt = get_torch_handle()
                list(DataLoader(range(4), num_workers=2, multiprocessing_context="spawn",
                                **rt.dataloader_options(0)))
        """
        done = run_script(code, cwd=tmp_path, environment={"TORCHDET_LOG_LEVEL": "INFO"})
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("no accelerator was found") == 1
        assert done.stderr.count("runs deterministically on cpu") == 1

    @pytest.mark.parametrize(("rank", "times"), [("0", 1), ("1", 0)])
    def test_the_first_rank_tells_it(self, tmp_path, rank, times):
        code = "from torchdet.runtime import get_torch_handle; get_torch_handle()"
        launched = {"RANK": rank, "WORLD_SIZE": "2", "LOCAL_RANK": rank}
        done = run_script(code, cwd=tmp_path, environment=launched)
        assert done.stderr.count("no accelerator was found") == times
