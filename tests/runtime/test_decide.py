"""The decision: every reason by name, and the whole table by property."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given, settings

from tests.runtime.support import (
    DEVICES,
    facts,
    policies,
    run_python,
    with_torch,
    with_variable,
)
from torchdet.runtime import (
    OnMissing,
    Precision,
    Ready,
    Rejected,
    RejectionReason,
    RuntimePolicy,
    ThreadAffinity,
    decide_torch_runtime,
    simulated_facts,
)
from torchdet.runtime.decide import version_numbers
from torchdet.runtime.facts import DistributedRank, ThreadFacts
from torchdet.runtime.simulate import with_cuda

CUDA = simulated_facts("cuda", 2)
CPU = simulated_facts("cpu")
CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


def reasons(given_facts, **policy):
    decision = decide_torch_runtime(given_facts, RuntimePolicy(**policy))
    return () if isinstance(decision, Ready) else decision.reasons


def device(given_facts, **policy):
    decision = decide_torch_runtime(given_facts, RuntimePolicy(**policy))
    assert isinstance(decision, Ready), decision
    return str(decision.device)


class TestDevice:
    @pytest.mark.parametrize(
        ("kind", "asked", "given"),
        [
            ("cuda", "auto", "cuda:0"),
            ("cuda", "cuda:1", "cuda:1"),
            ("cuda", "1", "cuda:1"),
            ("cuda", "cpu", "cpu"),
            ("cuda", "cpu:-1", "cpu"),
            ("mps", "auto", "mps:0"),
            ("mps", "0", "mps:0"),
            ("xpu", "auto", "xpu:0"),
            ("xpu", "xpu:1", "xpu:1"),
            ("cpu", "auto", "cpu"),
            ("cpu", "-1", "cpu"),
        ],
    )
    def test_what_is_there_is_given(self, kind, asked, given):
        assert device(simulated_facts(kind, 2), device=asked) == given

    def test_an_accelerator_that_is_missing_is_never_replaced_in_silence(self):
        for kind in ("mps", "xpu", "cpu"):
            given_facts = simulated_facts(kind)
            assert reasons(given_facts, device="cuda") == (RejectionReason.DEVICE_MISSING,)
            for choice in (OnMissing.CPU, OnMissing.REDIRECT):
                decision = decide_torch_runtime(given_facts, RuntimePolicy("cuda", choice))
                assert isinstance(decision, Ready)
                assert [each.requested for each in decision.substitutions] == ["cuda"]

    def test_an_index_that_is_missing(self):
        assert reasons(CUDA, device="cuda:2") == (RejectionReason.DEVICE_INDEX_MISSING,)
        assert device(CUDA, device="cuda:2", on_missing=OnMissing.REDIRECT) == "cuda:0"
        assert device(CUDA, device="cuda:2", on_missing=OnMissing.CPU) == "cpu"

    @pytest.mark.parametrize("name", ["meta", "banana", "hpu", "auto:1"])
    def test_what_is_no_device_to_compute_on(self, name):
        assert reasons(CUDA, device=name) == (RejectionReason.DEVICE_UNKNOWN,)

    @pytest.mark.parametrize(
        ("count", "local_rank", "given"), [(8, 3, "cuda:3"), (1, 3, "cuda:0"), (4, 6, "cuda:2")]
    )
    def test_a_rank_gets_its_own_device(self, count, local_rank, given):
        rank = DistributedRank(local_rank, 8, local_rank)
        ranked = dataclasses.replace(simulated_facts("cuda", count), distributed=rank)
        assert device(ranked) == given
        assert device(ranked, device="cuda") == given
        assert device(ranked, device="cuda:0") == "cuda:0"


class TestCuda:
    def test_cudnn_is_required_only_on_cuda_and_only_if_the_policy_says_so(self):
        without = with_cuda(CUDA, cudnn_version=None)
        assert reasons(without) == (RejectionReason.CUDNN_MISSING,)
        assert reasons(without, require_cudnn=False) == ()
        assert reasons(without, device="cpu") == ()

    def test_a_child_that_was_forked_after_cuda_began_cannot_use_it(self):
        forked = with_cuda(CUDA, is_in_bad_fork=True)
        assert reasons(forked) == (RejectionReason.CUDA_IN_BAD_FORK,)
        assert reasons(forked, device="cpu") == ()

    @pytest.mark.parametrize(
        ("start", "now", "size", "proven"),
        [
            (":16:8", ":16:8", None, True),
            (":4096:8", ":4096:8", None, True),
            (None, None, None, False),
            (None, ":16:8", None, False),  # set from code: was it before CUDA?
            (None, ":16:8", 16 * 8 * 1024, True),  # torch itself says that it was
            (None, ":16:8", 4 * 2**20, False),
            (":4096:2:16:8", ":4096:2:16:8", None, False),
            (":16:8", ":0:0", None, False),
        ],
    )
    def test_an_initialised_cuda_needs_a_proven_workspace(self, start, now, size, proven):
        late = with_cuda(CUDA, is_initialized=True, cublas_workspace_bytes=size)
        late = with_variable(late, CUBLAS, start=start, now=now)
        expected = () if proven else (RejectionReason.CUBLAS_WORKSPACE_TOO_LATE,)
        assert reasons(late) == expected
        assert (
            reasons(late, device="cpu") == expected
        )  # CUDA is in use whatever the policy's device

    def test_rocm_does_not_read_the_workspace(self):
        assert reasons(with_cuda(CUDA, is_initialized=True, is_rocm=True)) == ()

    @pytest.mark.parametrize("kind", ["cuda", "cpu"])
    def test_a_workspace_that_is_not_deterministic_is_refused_not_overwritten(self, kind):
        for value in (":4096:2:16:8", "", ":16:8 "):
            bad = with_variable(simulated_facts(kind), CUBLAS, start=value, now=value)
            assert reasons(bad) == (RejectionReason.CUBLAS_WORKSPACE_NONDETERMINISTIC,)
        for value in (":16:8", ":4096:8"):
            assert (
                reasons(with_variable(simulated_facts(kind), CUBLAS, start=None, now=value)) == ()
            )


class TestOtherReasons:
    def test_no_torch(self):
        bare = simulated_facts("no-torch")
        assert reasons(bare) == (RejectionReason.TORCH_NOT_INSTALLED,)
        # What torch would trip over as soon as it is installed is said in the same round.
        bad = with_variable(bare, CUBLAS, start=":0:0", now=":0:0")
        bad = dataclasses.replace(bad, thread=ThreadFacts(False, "t"))
        required = {"thread_affinity": ThreadAffinity.REQUIRES_MAIN_THREAD}
        assert reasons(bad, **required) == (
            RejectionReason.TORCH_NOT_INSTALLED,
            RejectionReason.CUBLAS_WORKSPACE_NONDETERMINISTIC,
            RejectionReason.NOT_MAIN_THREAD,
        )

    def test_a_torch_that_is_too_old(self):
        assert reasons(with_torch(CPU, version="2.5.1")) == (RejectionReason.TORCH_TOO_OLD,)
        assert reasons(with_torch(CPU, version="2.6.0a0+git1")) == ()

    def test_a_process_group(self):
        assert reasons(with_torch(CPU, process_group="gloo")) == (
            RejectionReason.PROCESS_GROUP_EXISTS,
        )

    @pytest.mark.parametrize(
        ("name", "value", "precision"),
        [
            ("NVIDIA_TF32_OVERRIDE", "1", Precision.IEEE),
            ("NVIDIA_TF32_OVERRIDE", "0", Precision.TF32),
            ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1", Precision.IEEE),
        ],
    )
    def test_a_variable_that_overrules_the_precision(self, name, value, precision):
        overruled = with_variable(CUDA, name, start=value, now=value)
        other = Precision.TF32 if precision is Precision.IEEE else Precision.IEEE
        assert reasons(overruled, precision=precision) == (RejectionReason.PRECISION_OVERRIDDEN,)
        assert reasons(overruled, precision=other) == ()

    def test_a_thread_where_the_main_one_is_required(self):
        threaded = dataclasses.replace(CPU, thread=ThreadFacts(False, "pool-1"))
        assert reasons(threaded) == ()
        required = {"thread_affinity": ThreadAffinity.REQUIRES_MAIN_THREAD}
        assert reasons(threaded, **required) == (RejectionReason.NOT_MAIN_THREAD,)
        assert reasons(CPU, **required) == ()

    def test_every_reason_is_listed_not_only_the_first(self):
        bad = with_cuda(CUDA, is_initialized=True)
        bad = with_torch(bad, process_group="nccl", version="1.0")
        bad = dataclasses.replace(bad, thread=ThreadFacts(False, "t"))
        policy = RuntimePolicy("mps", thread_affinity=ThreadAffinity.REQUIRES_MAIN_THREAD)
        decision = decide_torch_runtime(bad, policy)
        assert isinstance(decision, Rejected)
        assert decision.reasons == (
            RejectionReason.TORCH_TOO_OLD,
            RejectionReason.DEVICE_MISSING,
            RejectionReason.PROCESS_GROUP_EXISTS,
            RejectionReason.CUBLAS_WORKSPACE_TOO_LATE,
            RejectionReason.NOT_MAIN_THREAD,
        )
        assert all(each.message and each.remedy for each in decision.rejections)


@settings(max_examples=500)
@given(facts, policies)
def test_the_decision_is_total_deterministic_and_consistent(given_facts, policy):
    decision = decide_torch_runtime(given_facts, policy)
    assert decision == decide_torch_runtime(given_facts, policy)
    assert (decision.facts, decision.policy) == (given_facts, policy)
    if isinstance(decision, Rejected):
        assert decision.rejections
        assert len(set(decision.reasons)) == len(decision.reasons) or (
            # two variables may overrule the precision, each with its own remedy
            set(decision.reasons) >= {RejectionReason.PRECISION_OVERRIDDEN}
        )
        return
    machine = decision.machine
    assert decision.device.type == "cpu" or (
        decision.device.index is not None
        and decision.device.index < machine.count(decision.device.type)
    )
    if decision.device.type != "cpu":
        assert machine.home == decision.device
    explicit = policy.device not in ("auto", "cpu")
    if explicit and decision.device.type == "cpu":
        assert decision.substitutions, "an explicit accelerator became the CPU in silence"
    if policy.on_missing is OnMissing.REJECT:
        assert not decision.substitutions


def expected_reasons(machine, policy, *, late, group, in_main):
    """The reasons, said again as a list of facts that must not be."""
    kind, count = machine
    name, _, index = policy.device.partition(":")
    if name.isdigit():
        name, index = (kind if count else "cuda"), name
    wrong = {
        RejectionReason.DEVICE_UNKNOWN: name not in ("auto", "cpu", "cuda", "mps", "xpu"),
        RejectionReason.DEVICE_MISSING: (
            policy.on_missing is OnMissing.REJECT
            and name in ("cuda", "mps", "xpu")
            and (name != kind or not count)
        ),
        RejectionReason.DEVICE_INDEX_MISSING: (
            policy.on_missing is OnMissing.REJECT and name == kind and int(index or 0) >= count > 0
        ),
        RejectionReason.CUBLAS_WORKSPACE_TOO_LATE: kind == "cuda" and late,
        RejectionReason.PROCESS_GROUP_EXISTS: group,
        RejectionReason.NOT_MAIN_THREAD: (
            policy.thread_affinity is ThreadAffinity.REQUIRES_MAIN_THREAD and not in_main
        ),
    }
    return {reason for reason, holds in wrong.items() if holds}


@pytest.mark.parametrize(
    "machine", [("cuda", 1), ("cuda", 4), ("mps", 1), ("xpu", 2), ("cpu", 0)], ids=str
)
def test_the_whole_table(machine):
    kind, count = machine
    for asked, choice, late, group, in_main, affinity in itertools.product(
        (*DEVICES, "cuda:3", "mps:0", "2"),
        OnMissing,
        (False, True),
        (False, True),
        (False, True),
        ThreadAffinity,
    ):
        seen = simulated_facts(kind, count)
        if late and kind == "cuda":
            seen = with_cuda(seen, is_initialized=True)
        seen = with_torch(seen, process_group="gloo" if group else None)
        seen = dataclasses.replace(seen, thread=ThreadFacts(in_main, "t"))
        policy = RuntimePolicy(asked, choice, thread_affinity=affinity)
        expected = expected_reasons(machine, policy, late=late, group=group, in_main=in_main)
        decision = decide_torch_runtime(seen, policy)
        got = set() if isinstance(decision, Ready) else set(decision.reasons)
        assert got == expected, (seen, policy)


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.13.0+cpu", (2, 13)), ("2.6", (2, 6)), ("3", (3, 0)), ("main", (0, 0)), ("", (0, 0))],
)
def test_version_numbers(version, numbers):
    assert version_numbers(version) == numbers


def test_without_arguments_it_probes_and_takes_the_process_policy(tmp_path):
    code = """
        from torchdet.runtime import decide_torch_runtime
        decision = decide_torch_runtime()
        print(decision.device, decision.policy.seed, decision.facts.torch.version.split(".")[0])
    """
    assert run_python(code, cwd=tmp_path, environment={"TORCHDET_SEED": "5"}) == "cpu 5 2"


def test_deciding_imports_no_torch(tmp_path):
    code = """
        import sys
        from torchdet.runtime import RuntimePolicy, decide_torch_runtime, simulated_facts
        for kind in ("cuda", "mps", "xpu", "cpu", "no-torch"):
            decide_torch_runtime(simulated_facts(kind), RuntimePolicy())
        print(sorted({"torch", "libcst", "click"} & set(sys.modules)))
    """
    assert run_python(code, cwd=tmp_path) == "[]"
