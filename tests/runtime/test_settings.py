"""Each row of the table against torch itself, in a fresh process where it must not leak."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given

from tests.runtime.support import policies, run_python
from torchdet.runtime import Precision, RuntimePolicy
from torchdet.runtime.access import Attribute, Calls
from torchdet.runtime.decide import (
    CUBLAS_VARIABLE,
    DEFAULT_CUBLAS_WORKSPACE,
    DETERMINISTIC_CUBLAS_WORKSPACES,
)
from torchdet.runtime.settings import SETTINGS, settings_for
from torchdet.torch_api.environment_variables import VARIABLES
from torchdet.torch_api.switches import SWITCHES, SwitchScope

# Documents 000 and 001: the flags that must hold, as torch itself reads them.
CHECKLIST = """
import os, torch
from torch import backends
def checklist():
    return [
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.matmul.allow_tf32,
        torch.get_float32_matmul_precision(),
        os.environ["CUBLAS_WORKSPACE_CONFIG"],
    ]
"""

# Ways in which earlier code may have left the precision settings.
SPOILED = [
    "pass",
    "backends.fp32_precision = 'tf32'",
    "backends.cuda.matmul.fp32_precision = 'tf32'",
    "backends.mkldnn.matmul.fp32_precision = 'bf16'",
    "torch.set_float32_matmul_precision('medium'); backends.cudnn.rnn.fp32_precision = 'ieee'",
    "backends.cudnn.conv.fp32_precision = 'ieee'; backends.cudnn.allow_tf32 = True",
    "backends.cudnn.benchmark = True; torch.use_deterministic_algorithms(True, warn_only=True)",
]


def test_the_checklist_holds_whatever_was_set_before(tmp_path):
    code = (
        CHECKLIST
        + f"""
import json
from torchdet.runtime import RuntimePolicy, get_torch_handle
rt = get_torch_handle(RuntimePolicy(device="cpu"))
seen = []
for spoil in {SPOILED!r}:
    exec(spoil)
    rt.reapply()
    seen.append([rt.audit().holds, *checklist()])
print(json.dumps(seen))
"""
    )
    expected = [True, True, False, True, False, False, False, "highest", ":16:8"]
    assert json.loads(run_python(code, cwd=tmp_path)) == [expected] * len(SPOILED)


def test_tf32_is_set_on_every_node_when_the_policy_allows_it(tmp_path):
    code = (
        CHECKLIST
        + """
import json
from torchdet.runtime import RuntimePolicy, get_torch_handle
rt = get_torch_handle(RuntimePolicy(device="cpu", precision="tf32", determinism="warn-only",
                                    fill_uninitialized_memory=False, num_threads=1))
states = {state.name: state.actual for state in rt.audit().states}
nodes = {value for name, value in states.items() if "fp32_precision" in name}
print(json.dumps([rt.audit().holds, *checklist(), sorted(nodes), torch.get_num_threads(),
                  torch.utils.deterministic.fill_uninitialized_memory]))
"""
    )
    environment = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    assert json.loads(run_python(code, cwd=tmp_path, environment=environment)) == [
        *(True, True, True, True, False, True, True, "high", ":4096:8"),
        *(["tf32"], 1, False),
    ]


def test_every_name_is_one_that_torch_has():
    for row in SETTINGS:
        if isinstance(row.access, Attribute):
            assert row.name == f"torch.{row.access.path}"
        if isinstance(row.access, Attribute | Calls):
            assert row.access.exists(torch), row.name
        assert row.why
    assert len({row.name for row in SETTINGS}) == len(SETTINGS)


def test_an_older_torch_lacks_rows_without_an_error():
    assert not Attribute("backends.cudnn.conv.fp32_precison").exists(torch)
    assert not Attribute("no.such.thing").exists(torch)
    assert not Calls("get_no_such_thing", "set_no_such_thing").exists(torch)


@given(policies)
def test_the_policy_alone_decides_which_rows_are_written(policy):
    wanted = {row.name: value for row, value in settings_for(policy)}
    assert None not in wanted.values()
    assert ("torch.set_num_threads" in wanted) == (policy.num_threads is not None)
    assert wanted["torch.use_deterministic_algorithms"] == policy.determinism.value
    leaves = {value for name, value in wanted.items() if name.endswith("fp32_precision")}
    assert leaves == {policy.precision.value}


@pytest.mark.parametrize("precision", Precision)
def test_older_precision_switches_come_before_newer_ones(precision):
    names = [row.name for row, _ in settings_for(RuntimePolicy(precision=precision))]
    older = [names.index(name) for name in names if "allow_tf32" in name or "matmul_prec" in name]
    newer = [names.index(name) for name in names if "fp32_precision" in name]
    assert max(older) < min(newer)
    assert all(row.scope is SwitchScope.ENVIRONMENT for row in SETTINGS[:2])


def test_every_switch_is_set_or_left_alone_for_a_reason():
    rows = {row.name for row in SETTINGS}
    for switch in SWITCHES:
        assert (switch.name in rows) == (not switch.left_alone), switch.name


def test_both_lists_of_cublas_workspaces_agree():
    (variable,) = (each for each in VARIABLES if each.name == CUBLAS_VARIABLE)
    assert variable.good[0] == DEFAULT_CUBLAS_WORKSPACE
    assert set(variable.good) == set(DETERMINISTIC_CUBLAS_WORKSPACES)
