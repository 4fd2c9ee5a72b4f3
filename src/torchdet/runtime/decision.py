"""What a decision is: `Ready` or `Rejected`, with the reasons as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from torchdet.runtime.devices import ConcreteDevice, Machine
from torchdet.runtime.facts import RuntimeFacts, TorchPresent
from torchdet.runtime.policy import RuntimePolicy


class RejectionReason(Enum):
    """Why a process may not run torch under its policy."""

    TORCH_NOT_INSTALLED = "torch-not-installed"
    TORCH_IMPORT_FAILED = "torch-import-failed"
    TORCH_TOO_OLD = "torch-too-old"
    DEVICE_UNKNOWN = "device-unknown"
    DEVICE_MISSING = "device-missing"
    DEVICE_INDEX_MISSING = "device-index-missing"
    CUDNN_MISSING = "cudnn-missing"
    CUBLAS_WORKSPACE_NONDETERMINISTIC = "cublas-workspace-nondeterministic"
    CUBLAS_WORKSPACE_TOO_LATE = "cublas-workspace-too-late"
    CUDA_IN_BAD_FORK = "cuda-in-bad-fork"
    PROCESS_GROUP_EXISTS = "process-group-exists"
    PRECISION_OVERRIDDEN = "precision-overridden"
    NOT_MAIN_THREAD = "not-main-thread"
    FACTS_CHANGED = "facts-changed"
    SETTING_NOT_APPLIED = "setting-not-applied"
    PROBE_DID_NOT_RAISE = "probe-did-not-raise"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason, in words and as data; `details` are pairs of a name and what was seen."""

    reason: RejectionReason
    message: str
    remedy: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Substitution:
    """The policy put another device in the place of one that is missing."""

    requested: str
    given: ConcreteDevice


@dataclass(frozen=True, slots=True)
class Ready:
    """This process may run torch: on which device, under which policy, seen from which facts."""

    facts: RuntimeFacts
    torch: TorchPresent
    policy: RuntimePolicy
    device: ConcreteDevice
    substitutions: tuple[Substitution, ...] = ()

    @property
    def machine(self) -> Machine:
        """The machine that the handle's tables work on; unnamed requests go to `device`."""
        return machine_for(self.facts, self.device)


@dataclass(frozen=True, slots=True)
class Rejected:
    """This process may not run torch; `rejections` holds every reason and is never empty."""

    facts: RuntimeFacts
    policy: RuntimePolicy
    rejections: tuple[Rejection, ...]

    @property
    def reasons(self) -> tuple[RejectionReason, ...]:
        """The reasons alone, in order."""
        return tuple(each.reason for each in self.rejections)


def machine_for(facts: RuntimeFacts, home: ConcreteDevice) -> Machine:
    """Return the machine of the facts with the home device where the decision put it."""
    machine = Machine.of(facts)
    others = tuple(each for each in machine.accelerators if each[0] != home.type)
    first = tuple(each for each in machine.accelerators if each[0] == home.type)
    return Machine(first + others, home.index or 0) if first else machine
