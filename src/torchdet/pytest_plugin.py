"""Fixtures for projects that run on the handle.

Loaded by pytest through its entry point. Nothing is imported but pytest until a fixture is used,
and torch only by `torch_runtime` and `torch_handle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
