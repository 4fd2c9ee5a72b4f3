"""Fixtures for projects that run on the handle, and tests that must be reproducible.

Loaded by pytest through its entry point. Nothing is imported but pytest until a fixture is used,
and torch only by `torch_runtime`, `torch_handle` and tests that are run twice.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torchdet.runtime import PoisonedHandle, Ready, Rejected, RuntimeFacts, TorchHandle
    from torchdet.runtime.simulate import MachineKind

MACHINES: tuple[tuple[MachineKind, int], ...] = (
    ("cuda", 1),
    ("cuda", 4),
    ("mps", 1),
    ("xpu", 2),
    ("cpu", 0),
    ("no-torch", 0),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--torchdet-verify`."""
    group = parser.getgroup("torchdet")
    group.addoption(
        "--torchdet-verify",
        action="store_true",
        help="run every test twice, and fail those that give other bits the second time",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "reproducible: run the test twice, and fail it if the second run gives other bits",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test that is to be reproducible twice, with fixtures of its own each time."""
    if item.get_closest_marker("reproducible") is None and not item.config.getoption(
        "--torchdet-verify"
    ):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _reports_of_two_runs(item, nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _reports_of_two_runs(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Sequence[pytest.TestReport]:
    """The reports of the second run, or of the first where that did not pass."""
    from _pytest.runner import runtestprotocol

    from torchdet.verify.recorder.recording_block import recording_block
    from torchdet.verify.repetition import difference_of_runs

    with TemporaryDirectory(prefix="torchdet-verify-") as folder:
        runs = [Path(folder) / name for name in ("first", "second")]
        reports: Sequence[pytest.TestReport] = ()
        for run in runs:
            run.mkdir()
            with recording_block(run):
                reports = runtestprotocol(item, log=False, nextitem=nextitem)
            if not all(report.passed for report in reports):
                return reports
        said = difference_of_runs(*runs)
    for report in reports:
        if report.when == "call" and said:
            report.outcome = "failed"
            report.longrepr = f"the second run gave other bits\n\n{said}"
    return reports


@pytest.fixture(scope="session")
def torch_runtime() -> Ready:
    """Return the decision for this process; the test fails with every reason if it is rejected."""
    from torchdet.runtime import Ready, TorchRuntimeRejected, decide_torch_runtime
    from torchdet.runtime.process import current_handle

    handle = current_handle()
    decision = decide_torch_runtime() if handle is None else handle.runtime
    if not isinstance(decision, Ready):
        pytest.fail(str(TorchRuntimeRejected(decision)), pytrace=False)
    return decision


@pytest.fixture(scope="session")
def torch_handle(torch_runtime: Ready) -> TorchHandle:
    """Return the handle of this process, applied once for the whole session."""
    from torchdet.runtime import apply_torch_runtime

    return apply_torch_runtime(torch_runtime)


@pytest.fixture
def torch_handle_disabled() -> Iterator[None]:
    """Put torch's settings back for one test, as they were before the handle."""
    from torchdet.runtime import disable

    enable = disable()
    yield
    enable()


@pytest.fixture
def rejected_runtime() -> Rejected:
    """Return a rejection, to see that the code under test stops: there is no torch in it."""
    from torchdet.runtime import Rejected, RuntimePolicy, decide_torch_runtime, simulated_facts

    decision = decide_torch_runtime(simulated_facts("no-torch"), RuntimePolicy())
    if not isinstance(decision, Rejected):
        raise TypeError("a machine without torch was not rejected")
    return decision


@pytest.fixture
def poisoned_handle(request: pytest.FixtureRequest) -> PoisonedHandle:
    """Return a handle whose every use fails with the place that should have received a real one."""
    from torchdet.runtime import PoisonedHandle

    return PoisonedHandle(f"the test {request.node.nodeid}")


@pytest.fixture
def simulated_machine() -> Callable[[MachineKind, int], RuntimeFacts]:
    """Return a function that makes the facts of a machine: `simulated_machine("cuda", 2)`."""
    from torchdet.runtime import simulated_facts

    return simulated_facts


@pytest.fixture(params=MACHINES, ids=lambda machine: f"{machine[0]}-{machine[1]}")
def each_machine(request: pytest.FixtureRequest) -> RuntimeFacts:
    """Run the test once on the facts of each kind of machine, the one without torch included."""
    from torchdet.runtime import simulated_facts

    kind, count = request.param
    return simulated_facts(kind, count)
