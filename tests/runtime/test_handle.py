"""The handle of this process: what it answers, refuses, and that it stands in nobody's way."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle

import pytest
import torch
import torch.fx

from torchdet.runtime import (
    DeviceMissingError,
    InvalidDeviceError,
    OnMissing,
    Ready,
    RuntimePolicy,
    UnsupportedOnDeviceError,
    decide_torch_runtime,
    on_event,
    probe_torch_runtime,
    simulated_facts,
)
from torchdet.runtime.handle import TorchHandle

NO_ACCELERATOR = torch.accelerator.device_count() == 0
on_cpu_only = pytest.mark.skipif(not NO_ACCELERATOR, reason="asks for an accelerator that is there")


def handle_on(facts, **policy):
    """A handle over simulated facts: its tables answer without the hardware."""
    decision = decide_torch_runtime(facts, RuntimePolicy(**policy))
    assert isinstance(decision, Ready)
    return TorchHandle(torch, decision)


class TestWhatItIs:
    def test_its_torch_is_torch(self, torch_handle):
        assert torch_handle.torch is torch
        assert isinstance(torch_handle.device, torch.device)
        assert torch_handle.runtime.policy is torch_handle.policy
        assert str(torch_handle.device) == str(torch_handle.runtime.device)

    def test_it_is_immutable(self, torch_handle):
        with pytest.raises(AttributeError, match="immutable"):
            torch_handle.device = torch.device("meta")
        with pytest.raises(AttributeError, match="immutable"):
            torch_handle.extra = 1
        with pytest.raises(AttributeError, match="immutable"):
            del torch_handle.torch

    def test_copies_and_pickles_are_the_handle_of_the_process(self, torch_handle):
        config = {"rt": torch_handle, "lr": 0.1}
        assert copy.deepcopy(config)["rt"] is torch_handle
        assert copy.copy(torch_handle) is torch_handle
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(torch_handle, protocol)) is torch_handle

    def test_a_model_that_holds_it_can_be_copied_and_saved(self, torch_handle):
        model = torch.nn.Linear(2, 2)
        model.rt = torch_handle
        assert copy.deepcopy(model).rt is torch_handle
        buffer = io.BytesIO()
        torch.save(model, buffer)
        buffer.seek(0)
        assert torch.load(buffer, weights_only=False).rt is torch_handle

    def test_modules_that_torch_does_not_load_by_itself(self, torch_handle):
        assert torch_handle.module("torch") is torch
        assert torch_handle.module("torch.nn.utils.prune").__name__ == "torch.nn.utils.prune"
        for name in ("os", "torchvision", "torch_xla", ""):
            with pytest.raises(ValueError, match="no module of torch"):
                torch_handle.module(name)
        with pytest.raises(ModuleNotFoundError):
            torch_handle.module("torch.surely_not")


class TestCompilers:
    def test_compiled_code_has_no_graph_break(self, torch_handle):
        rt = torch_handle

        @torch.compile(fullgraph=True, backend="eager")
        def step(x):
            y = rt.torch.sin(x) + rt.torch.ones(3, device=rt.device)
            return y + torch.zeros(3, device=rt.device_for(str(rt.device)))

        x = torch.linspace(0, 1, 3, device=rt.device)
        assert torch.equal(step(x), torch.sin(x) + 1)

    def test_tracing_and_scripting_see_plain_torch(self, torch_handle):
        bound = torch_handle.torch

        def plain(x):
            return bound.relu(x) + 1

        assert [node.target for node in torch.fx.symbolic_trace(plain).graph.nodes][1] is torch.relu
        traced = torch.jit.trace(plain, torch.ones(2), check_trace=False)
        assert torch.equal(traced(-torch.ones(2)), torch.ones(2))


class TestDeviceFor:
    def test_the_handles_own_device_is_the_default(self, torch_handle):
        for spec in (None, "auto"):
            assert torch_handle.device_for(spec) == torch_handle.device

    def test_a_policy_of_the_cpu_stays_there_whatever_the_machine_has(self):
        rt = handle_on(simulated_facts("cuda", 2), device="cpu")
        assert rt.device_for() == torch.device("cpu")
        assert rt.device_for("cuda:1") == torch.device("cuda:1")

    @pytest.mark.parametrize(
        ("spec", "given"),
        [
            (None, "cuda:1"),
            ("cuda", "cuda:1"),
            ("cuda:0", "cuda:0"),
            (0, "cuda:0"),
            (-1, "cpu"),
            ("cpu:-1", "cpu"),
            (torch.device("cpu"), "cpu"),
            ("meta", "meta"),
        ],
    )
    def test_what_is_there(self, spec, given):
        rt = handle_on(simulated_facts("cuda", 2), device="cuda:1")
        assert rt.device_for(spec) == torch.device(given)

    def test_what_is_missing_follows_the_policy(self):
        for kind in ("cuda", "mps", "xpu", "cpu"):
            asked = "cuda" if kind in ("mps", "xpu") else "mps"
            home = "cpu" if kind == "cpu" else f"{kind}:0"
            facts = simulated_facts(kind)
            with pytest.raises(DeviceMissingError, match=asked):
                handle_on(facts).device_for(asked)
            redirected = handle_on(facts, on_missing=OnMissing.REDIRECT)
            assert str(redirected.device_for(asked)) == home
            assert str(handle_on(facts, on_missing=OnMissing.CPU).device_for(asked)) == "cpu"

    def test_a_substitution_is_reported_each_time_and_loud_once(self, caplog):
        rt = handle_on(simulated_facts("cpu"), on_missing=OnMissing.CPU)
        seen = []
        stop = on_event(seen.append)
        with caplog.at_level(logging.DEBUG, "torchdet.runtime"):
            rt.device_for("cuda:3")
            rt.device_for("cuda:3")
        stop()
        assert [dict(each.details) for each in seen] == [
            {"requested": "cuda:3", "given": "cpu"}
        ] * 2
        assert [record.levelname for record in caplog.records] == ["WARNING", "DEBUG"]

    @pytest.mark.parametrize("spec", ["cuda:", True, 1.5, object()])
    def test_what_is_no_device(self, torch_handle, spec):
        with pytest.raises(InvalidDeviceError):
            torch_handle.device_for(spec)


class TestMixedPrecisionAndDistribution:
    def test_autocast_is_of_the_handles_device(self, torch_handle):
        weights = torch.ones(4, 4, device=torch_handle.device)
        with torch_handle.autocast(torch.bfloat16):
            assert (weights @ weights).dtype == torch.bfloat16
        with torch_handle.autocast(torch.bfloat16, enabled=False):
            assert (weights @ weights).dtype == torch.float32

    def test_the_gradient_scaler_trains(self, torch_handle):
        weight = torch.ones(3, device=torch_handle.device, requires_grad=True)
        optimizer = torch.optim.SGD([weight], lr=1.0)
        scaler = torch_handle.grad_scaler(init_scale=4.0)
        scaler.scale((weight * 2).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert torch.equal(weight.detach().cpu(), -torch.ones(3))
        assert scaler.get_scale() == 4.0

    @on_cpu_only
    def test_the_cpu_communicates_through_gloo(self, torch_handle):
        assert torch_handle.distributed_backend == "gloo"

    @on_cpu_only
    def test_a_backend_that_is_not_built_is_said_so(self):
        with pytest.raises(UnsupportedOnDeviceError, match="nccl"):
            _ = handle_on(simulated_facts("cuda")).distributed_backend


class TestState:
    def test_audit_names_drift_and_reapply_mends_it(self, torch_handle):
        assert torch_handle.audit().holds
        seen = []
        stop = on_event(seen.append)
        torch.backends.cudnn.benchmark = True
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            audit = torch_handle.audit()
        finally:
            torch_handle.reapply()
            stop()
        assert {state.name: state.actual for state in audit.drift} == {
            "torch.backends.cudnn.benchmark": True,
            "torch.use_deterministic_algorithms": "warn-only",
        }
        assert [each.details["setting"] for each in seen] == [each.name for each in audit.drift]
        assert torch_handle.audit().holds

    def test_audit_survives_settings_that_torch_refuses_to_read(self, torch_handle):
        torch.backends.cuda.matmul.fp32_precision = "tf32"
        try:
            audit = torch_handle.audit()
        finally:
            torch_handle.reapply()
        states = {state.name: state.status.value for state in audit.drift}
        assert states["torch.backends.cuda.matmul.allow_tf32"] == "unreadable"
        assert states["torch.backends.cuda.matmul.fp32_precision"] == "differs"
        assert torch_handle.audit().holds

    def test_the_report_is_plain_data(self, torch_handle):
        report = torch_handle.report()
        assert json.loads(json.dumps(report)) == report
        assert report["device"] == str(torch_handle.device)
        assert report["policy"] == torch_handle.policy.as_dict()
        assert report["facts"]["torch"]["version"] == torch.__version__
        assert report["holds"] is True
        assert {state["status"] for state in report["settings"]} <= {"holds", "not-in-this-torch"}

    def test_the_facts_stay_those_of_the_decision(self, torch_handle):
        assert torch_handle.runtime.facts.torch.version == probe_torch_runtime().torch.version


def test_redirect_belongs_to_the_handle(torch_handle):
    with torch_handle.redirect():
        assert torch.zeros(1, device="cuda:1").device.type == torch_handle.device.type
    if NO_ACCELERATOR:
        with pytest.raises((RuntimeError, AssertionError)):
            torch.zeros(1, device="cuda:1")


class TestTheCurrentDevice:
    @on_cpu_only
    def test_without_an_accelerator_there_is_nothing_to_choose(self, torch_handle):
        torch_handle.set_device(0)
        torch_handle.set_device("cuda:1")
        assert torch_handle.device == torch.device("cpu")

    def test_it_is_chosen_by_the_module_of_the_device(self, monkeypatch):
        chosen = []
        monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
        handle_on(simulated_facts("cuda", 2), device="cuda").set_device(1)
        assert chosen == [torch.device("cuda:1")]
