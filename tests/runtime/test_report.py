"""Reports and advice: plain data, whatever they are made of."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given

from tests.runtime.support import facts, policies, with_variable
from torchdet.runtime import decide_torch_runtime, simulated_facts
from torchdet.runtime.advice import advice
from torchdet.runtime.diagnosis import Diagnosis
from torchdet.runtime.facts import EnvironmentFacts, EnvironmentVariable
from torchdet.runtime.report import to_plain


@given(facts, policies)
def test_every_decision_becomes_json_and_back(given_facts, policy):
    decision = decide_torch_runtime(given_facts, policy)
    report = Diagnosis((), decision, (), advice(given_facts)).as_dict()
    assert json.loads(json.dumps(report)) == report
    assert report["policy"] == policy.as_dict()
    assert report["facts"]["torch"]["kind"] == type(given_facts.torch).__name__
    assert (report["status"] == "rejected") == bool(report["rejections"])


def test_cases_keep_their_names():
    plain = to_plain(simulated_facts("no-torch"))
    assert plain["torch"]["kind"] == "TorchAbsent"
    assert plain["torch"]["reason"] == "not-installed"
    assert plain["process"] == {"kind": "MainProcess"}
    assert to_plain(simulated_facts("cuda"))["torch"]["accelerators"][0]["capability"] == [9, 0]
    assert to_plain({1: object}) == {"1": "<class 'object'>"}


@given(facts)
def test_advice_is_sentences_with_a_remedy(given_facts):
    for sentence in advice(given_facts):
        assert ";" in sentence


@pytest.mark.parametrize(
    ("seed", "ignored", "word"),
    [(None, False, "randomises"), ("random", False, "randomises"), ("0", True, "-E or -I")],
)
def test_hash_order(seed, ignored, word):
    variables = (EnvironmentVariable("PYTHONHASHSEED", seed, seed),)
    environment = EnvironmentFacts(variables, True, python_ignores_environment=ignored)
    seen = dataclasses.replace(simulated_facts("cpu"), environment=environment)
    assert word in " ".join(advice(seen))


def test_a_fixed_hash_seed_needs_no_advice():
    seen = with_variable(simulated_facts("cpu"), "PYTHONHASHSEED", start="0", now="0")
    assert advice(seen) == ()


def test_the_fallback_of_mps_is_pointed_out_there_only():
    name = "PYTORCH_ENABLE_MPS_FALLBACK"
    on_mps = with_variable(simulated_facts("mps"), name, start="1", now="1")
    on_cuda = with_variable(simulated_facts("cuda"), name, start="1", now="1")
    assert any(name in sentence for sentence in advice(on_mps))
    assert not any(name in sentence for sentence in advice(on_cuda))


def test_a_variable_that_was_set_too_late_is_pointed_out():
    late = with_variable(simulated_facts("cpu"), "OMP_NUM_THREADS", start=None, now="1")
    assert any("OMP_NUM_THREADS was changed after Python started" in each for each in advice(late))
