"""The policy as a value: defaults, normalisation, refusals, plain data."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given

from tests.runtime.support import policies
from torchdet.runtime import OnMissing, PolicyError, Precision, RuntimePolicy
from torchdet.runtime.policy import FIELD_NAMES, policy_from_mapping


def test_the_defaults_are_the_strict_ones():
    assert RuntimePolicy().as_dict() == {
        "device": "auto",
        "on_missing": "reject",
        "require_cudnn": True,
        "precision": "ieee",
        "thread_affinity": "worker-safe",
        "determinism": "strict",
        "fill_uninitialized_memory": True,
        "seed": None,
        "num_threads": None,
        "num_interop_threads": None,
        "accept_earlier_import": False,
    }


@given(policies)
def test_plain_data_reads_back_as_the_same_policy(policy):
    assert policy_from_mapping(policy.as_dict()) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert tuple(policy.as_dict()) == FIELD_NAMES


@pytest.mark.parametrize(
    ("given_device", "stored"),
    [("cpu:-1", "cpu"), (-1, "cpu"), ("-1", "cpu"), (1, "1"), ("1", "1"), ("cuda:1", "cuda:1")],
)
def test_devices_are_normalised_so_that_equal_policies_are_equal(given_device, stored):
    assert RuntimePolicy(device=given_device).device == stored
    assert RuntimePolicy(device=given_device) == RuntimePolicy(device=stored)


def test_choices_may_be_written_as_configuration_writes_them():
    policy = policy_from_mapping({"on_missing": "cpu", "precision": "tf32"})
    assert (policy.on_missing, policy.precision) == (OnMissing.CPU, Precision.TF32)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"device": "cuda:x"}, "device: 'cuda:x' is not a device"),
        ({"device": None}, "device: expected a device"),
        ({"device": True}, "device"),
        ({"on_missing": "ignore"}, "on_missing: expected one of 'reject', 'redirect', 'cpu'"),
        ({"precision": 32}, "precision: expected one of 'ieee', 'tf32'"),
        ({"precision": ["ieee"]}, "precision: expected one of"),
        ({"require_cudnn": "yes"}, "require_cudnn: expected true or false"),
        ({"seed": "7"}, "seed: expected an integer"),
        ({"seed": True}, "seed: expected an integer"),
        ({"seed": 2**64}, "seed: expected"),
        ({"num_threads": 0}, "num_threads: expected 1 to"),
        ({"num_threads": 1.5}, "num_threads: expected an integer"),
        ({"sed": 1, "devise": "cpu"}, "a policy has no 'devise', 'sed'; it has device"),
    ],
)
def test_bad_values_are_refused_by_name(values, complaint):
    with pytest.raises(PolicyError) as error:
        policy_from_mapping(values)
    assert complaint in str(error.value)
