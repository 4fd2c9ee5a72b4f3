"""The policy on every worker of Ray or Dask: each applies it and reads back, the driver compares.

Where a training outgrows one machine it runs on these engines. What makes its bits has to be alike
everywhere: `same_fleet` raises `MixedFleetError` where it is not.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from torchdet.runtime.errors import RuntimeSetupError
from torchdet.runtime.policy import RuntimePolicy, policy_from_mapping
from torchdet.runtime.process import get_torch_handle
from torchdet.runtime.report import Plain

Report = dict[str, Plain]

_VARIABLE = "TORCHDET_FLEET_POLICY"
_SETUP = "torchdet.runtime.adapters.fleet.set_up_ray_worker"

# What a report has to agree in, by its path there.
_MUST_AGREE = (
    ("policy",),
    ("holds",),
    ("facts", "torch", "version"),
    ("facts", "torch", "cpu_capability"),
    ("facts", "torch", "cuda", "toolkit"),
    ("facts", "torch", "cuda", "cudnn_version"),
    ("facts", "python_version"),
)


class MixedFleetError(RuntimeSetupError, RuntimeError):
    """Workers differ in what makes the bits; the message names the fields and the workers."""


class DaskClient(Protocol):
    """What a `distributed.Client` does."""

    def run(self, function: object, /, *args: object) -> Mapping[str, Report]: ...


def set_up_worker(fields: Mapping[str, object]) -> Report:
    """Apply a policy in this process and return what reads back. It runs on the worker."""
    return get_torch_handle(policy_from_mapping(fields)).report()


def set_up_dask(client: DaskClient, policy: RuntimePolicy) -> dict[str, Report]:
    """Apply the policy on every worker of a Dask cluster; return their reports by address.

    Raises `MixedFleetError` where they differ, and what a worker raises whose policy is rejected.
    """
    return same_fleet(client.run(set_up_worker, policy.as_dict()))


def ray_environment(policy: RuntimePolicy) -> dict[str, object]:
    """Return the `runtime_env` for `ray.init` under which every worker process is set up.

    It happens when a process starts, before Ray Train makes a process group. One whose policy
    is rejected does not start.
    """
    return {
        "env_vars": {_VARIABLE: json.dumps(policy.as_dict())},
        "worker_process_setup_hook": _SETUP,
    }


def set_up_ray_worker() -> None:
    """Apply the policy that `ray_environment` sent. It runs when a worker process starts."""
    set_up_worker(json.loads(os.environ[_VARIABLE]))


def ray_reports(workers: int) -> dict[str, Report]:
    """Ask as many workers of Ray for their reports, and refuse a mixed fleet.

    In a training loop of Ray Train use `reports_of_ranks` instead.
    """
    ray = importlib.import_module("ray")
    remote = ray.remote(_report_of_process).options(scheduling_strategy="SPREAD")
    reports = cast("list[Report]", ray.get([remote.remote() for _ in range(workers)]))
    return same_fleet({f"worker {number}": each for number, each in enumerate(reports)})


def reports_of_ranks() -> dict[str, Report]:
    """Gather the reports of all ranks of the process group on each, and refuse a mixed fleet."""
    distributed = importlib.import_module("torch.distributed")
    reports: list[Report] = [{}] * distributed.get_world_size()
    distributed.all_gather_object(reports, _report_of_process())
    return same_fleet({f"rank {number}": each for number, each in enumerate(reports)})


def same_fleet(reports: Mapping[str, Report]) -> dict[str, Report]:
    """Return the reports of workers that agree in what makes the bits.

    Raises `MixedFleetError`, naming what differs and where.
    """
    differences = [
        f"{'.'.join(path)}: {_by_value(reports, path)}"
        for path in _MUST_AGREE
        if len({repr(_at(each, path)) for each in reports.values()}) > 1
    ]
    models = {name: _device_model(each) for name, each in reports.items()}
    if len(set(models.values())) > 1:
        differences.append(f"model of the device: {models}")
    if differences:
        raise MixedFleetError("the workers differ: " + "; ".join(differences))
    return dict(reports)


def _report_of_process() -> Report:
    return get_torch_handle().report()


def _at(report: Plain, path: Sequence[str]) -> Plain:
    for name in path:
        report = report.get(name) if isinstance(report, dict) else None
    return report


def _by_value(reports: Mapping[str, Report], path: Sequence[str]) -> str:
    names: dict[str, list[str]] = {}
    for name, report in reports.items():
        names.setdefault(repr(_at(report, path)), []).append(name)
    return ", ".join(f"{value} on {' and '.join(where)}" for value, where in names.items())


def _device_model(report: Report) -> str:
    """The name of the device that a worker computes on; its index says nothing."""
    kind = str(report["device"]).partition(":")[0]
    found = _at(report, ("facts", "torch", "accelerators"))
    devices = found if isinstance(found, list) else []
    names = {str(each.get("name")) for each in devices if isinstance(each, dict)}
    return f"{kind} {' and '.join(sorted(names))}" if kind != "cpu" else kind
