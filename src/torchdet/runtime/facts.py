"""What is true of this process and this machine, as frozen data.

Nothing here reads anything: `probe` fills these types in, `simulate` makes them up for tests, and
`decide` and `devices` work on them without torch. A field that is `None` could not be told without
a side effect (creating a CUDA context, for example); it never stands for "zero".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class AbsenceReason(Enum):
    """Why torch cannot be used."""

    NOT_INSTALLED = "not-installed"
    IMPORT_FAILED = "import-failed"


@dataclass(frozen=True, slots=True)
class TorchAbsent:
    """Torch cannot be imported here; `detail` is what the import said."""

    reason: AbsenceReason
    detail: str


@dataclass(frozen=True, slots=True)
class AcceleratorFacts:
    """One accelerator. `total_memory` is in bytes, `capability` is CUDA's (major, minor)."""

    type: str
    index: int
    name: str | None = None
    total_memory: int | None = None
    capability: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class CudaFacts:
    """The CUDA (or ROCm) side of a torch build, read without creating a context.

    `toolkit` is the version that torch was built with (`torch.version.cuda` or
    `torch.version.hip`), `driver` the installed driver's. `cublas_workspace_bytes` is read back
    only where CUDA is already initialised, because reading it fixes it. `cudnn_problem` is what
    torch said if it found a cuDNN (MIOpen) that it cannot use.
    """

    toolkit: str
    is_rocm: bool
    driver: str | None
    cudnn_version: int | None
    is_initialized: bool
    is_in_bad_fork: bool
    cublas_workspace_bytes: int | None = None
    cudnn_problem: str = ""


@dataclass(frozen=True, slots=True)
class TorchPresent:
    """The torch of this process.

    `cuda` is None on a build without CUDA and ROCm. `accelerators` is in order of preference:
    the first one is what `auto` means.
    """

    version: str
    was_imported: bool
    accelerators: tuple[AcceleratorFacts, ...]
    cuda: CudaFacts | None
    cpu_capability: str
    num_threads: int
    num_interop_threads: int
    process_group: str | None


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """One variable at the interpreter's start and now; None means unset.

    `at_start` equals `now` where the platform does not keep the first environment
    (`EnvironmentFacts.start_is_known` says so).
    """

    name: str
    at_start: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """The environment variables that decide about determinism, and how Python treats its own."""

    variables: tuple[EnvironmentVariable, ...] = ()
    start_is_known: bool = False
    python_ignores_environment: bool = False
    hash_randomization: bool = True

    def now(self, name: str) -> str | None:
        """Return the value of a variable now, or None where it is unset or was not probed.

        >>> EnvironmentFacts((EnvironmentVariable("A", None, "1"),)).now("A")
        '1'
        """
        return next((each.now for each in self.variables if each.name == name), None)

    def at_start(self, name: str) -> str | None:
        """Return the value of a variable at the interpreter's start."""
        return next((each.at_start for each in self.variables if each.name == name), None)


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """The thread that probed."""

    is_main: bool
    name: str


@dataclass(frozen=True, slots=True)
class MainProcess:
    """A process that no multiprocessing parent started."""


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A child process; `start_method` is fork, spawn, forkserver, or os.fork for a bare fork."""

    start_method: str


@dataclass(frozen=True, slots=True)
class DataLoaderWorker:
    """A worker process of a torch DataLoader."""

    worker_id: int
    num_workers: int
    seed: int
    start_method: str


ProcessRole = MainProcess | ChildProcess | DataLoaderWorker


@dataclass(frozen=True, slots=True)
class DistributedRank:
    """The place of this process in a distributed job; `local_rank` counts within the machine."""

    rank: int
    world_size: int
    local_rank: int


@dataclass(frozen=True, slots=True)
class RuntimeFacts:
    """Everything that a decision may depend on, at one moment."""

    torch: TorchPresent | TorchAbsent
    python_version: str = ""
    platform: str = ""
    cpu_count: int = 1
    environment: EnvironmentFacts = field(default_factory=EnvironmentFacts)
    thread: ThreadFacts = field(default_factory=lambda: ThreadFacts(True, "MainThread"))
    process: ProcessRole = field(default_factory=MainProcess)
    distributed: DistributedRank | None = None
