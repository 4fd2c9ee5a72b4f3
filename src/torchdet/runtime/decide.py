"""The decision: facts and a policy in, `Ready` or `Rejected` out.

Pure and total: every combination has an answer, the answer needs no torch, and it is the same each
time. A rejection lists every reason that holds, so that one round of mending is enough.
"""

from __future__ import annotations

from torchdet.runtime.decision import Ready, Rejected, Rejection, RejectionReason, Substitution
from torchdet.runtime.devices import (
    ConcreteDevice,
    Machine,
    Missing,
    NamedDevice,
    is_accelerator,
    resolve_device,
)
from torchdet.runtime.facts import AbsenceReason, CudaFacts, RuntimeFacts, TorchAbsent, TorchPresent
from torchdet.runtime.policy import RuntimePolicy
from torchdet.runtime.policy_choices import Precision, ThreadAffinity

# The two values that NVIDIA documents as deterministic, and the bytes that each reserves
# (the sum of size in KiB times count).
DETERMINISTIC_CUBLAS_WORKSPACES = {":16:8": 16 * 8 * 1024, ":4096:8": 4096 * 8 * 1024}
DEFAULT_CUBLAS_WORKSPACE = ":16:8"
CUBLAS_VARIABLE = "CUBLAS_WORKSPACE_CONFIG"
MINIMUM_TORCH = (2, 6)

# Types that torch knows and that hold no accelerator of the tables; a policy cannot run on them.
_NO_COMPUTE_TYPES = frozenset({"meta"})


def decide_torch_runtime(
    facts: RuntimeFacts | None = None, policy: RuntimePolicy | None = None
) -> Ready | Rejected:
    """Decide whether and where this process may run torch.

    Pure when both arguments are given. Without facts it probes, without a policy it takes the
    process's (`process_policy`); that convenience is the only part that reads anything.

    >>> from torchdet.runtime.simulate import simulated_facts
    >>> decide_torch_runtime(simulated_facts("cpu"), RuntimePolicy(device="cuda")).reasons
    (<RejectionReason.DEVICE_MISSING: 'device-missing'>,)
    """
    if facts is None:
        from torchdet.runtime.probe import probe_torch_runtime

        facts = probe_torch_runtime()
    if policy is None:
        from torchdet.runtime.policy_sources import process_policy

        policy = process_policy()
    if isinstance(facts.torch, TorchAbsent):
        return Rejected(facts, policy, (_absent(facts.torch), *_surroundings(facts, None, policy)))
    unsettable = [*_process_group(facts.torch), *_surroundings(facts, facts.torch.cuda, policy)]
    return _decide(facts, facts.torch, policy, unsettable)


def decide_without_settings(facts: RuntimeFacts, policy: RuntimePolicy) -> Ready | Rejected:
    """Decide where torch runs in a process whose settings are left as they are.

    What would come too late to be set, or is set otherwise, is no reason to reject then.

    >>> from torchdet.runtime.simulate import simulated_facts
    >>> decide_without_settings(simulated_facts("cuda", 2), RuntimePolicy(device="cuda:1")).device
    ConcreteDevice(type='cuda', index=1)
    """
    if isinstance(facts.torch, TorchAbsent):
        return Rejected(facts, policy, (_absent(facts.torch),))
    return _decide(facts, facts.torch, policy, [])


def _decide(
    facts: RuntimeFacts, torch: TorchPresent, policy: RuntimePolicy, unsettable: list[Rejection]
) -> Ready | Rejected:
    placement = _place(facts, policy)
    device = placement.given if isinstance(placement, Substitution) else placement
    rejections = [
        *_version(torch),
        *([device] if isinstance(device, Rejection) else _device_usable(torch, policy, device)),
        *unsettable,
    ]
    if rejections or isinstance(device, Rejection):
        return Rejected(facts, policy, tuple(rejections))
    substitutions = (placement,) if isinstance(placement, Substitution) else ()
    return Ready(facts, torch, policy, device, substitutions)


def _surroundings(
    facts: RuntimeFacts, cuda: CudaFacts | None, policy: RuntimePolicy
) -> list[Rejection]:
    """Return what is wrong whether torch is there or not, so that it is said together with that."""
    return [*_cublas(facts, cuda), *_precision(facts, policy), *_thread(facts, policy)]


# --- the device ----------------------------------------------------------------------------------


def _place(facts: RuntimeFacts, policy: RuntimePolicy) -> ConcreteDevice | Substitution | Rejection:
    machine = _with_local_rank(facts)
    request = policy.requested_device
    if isinstance(request, NamedDevice) and (
        request.type in _NO_COMPUTE_TYPES
        or (request.type != "cpu" and not is_accelerator(request.type, machine))
    ):
        return Rejection(
            RejectionReason.DEVICE_UNKNOWN,
            f"the policy asks for {policy.device!r}, which is no device to compute on",
            "set device to auto, cpu, cuda, mps, xpu, a type with an index, or a code",
            (("device", str(policy.device)),),
        )
    placed = resolve_device(request, machine, policy.on_missing)
    if isinstance(placed, Missing):
        return _missing(placed, facts, policy)
    if placed.substituted:
        return Substitution(str(policy.device), placed.device)
    return placed.device


def _with_local_rank(facts: RuntimeFacts) -> Machine:
    """Put an unnumbered device on the local rank's, as distributed launchers expect.

    Where the launcher shows each rank one device only, that is device 0.
    """
    machine = Machine.of(facts)
    rank = facts.distributed
    if rank is None or not machine.accelerators:
        return machine
    count = machine.accelerators[0][1]
    return Machine(machine.accelerators, 0 if count == 1 else rank.local_rank % count)


def _missing(missing: Missing, facts: RuntimeFacts, policy: RuntimePolicy) -> Rejection:
    machine = Machine.of(facts)
    details = (("device", str(policy.device)), ("accelerators", str(machine)))
    if missing.count:
        return Rejection(
            RejectionReason.DEVICE_INDEX_MISSING,
            f"the policy asks for {policy.device!r}, but there is only {machine}",
            f"ask for {missing.type}:0 to {missing.type}:{missing.count - 1}, or look at "
            "CUDA_VISIBLE_DEVICES and its like",
            details,
        )
    return Rejection(
        RejectionReason.DEVICE_MISSING,
        f"the policy asks for {policy.device!r}, but torch sees {machine} in this process",
        "install a torch build and a driver for it, or set device to auto or cpu, or set "
        "on-missing to redirect or cpu",
        details,
    )


def _device_usable(
    torch: TorchPresent, policy: RuntimePolicy, device: ConcreteDevice
) -> list[Rejection]:
    if device.type != "cuda" or torch.cuda is None:
        return []
    found = []
    if policy.require_cudnn and torch.cuda.cudnn_version is None:
        library = "MIOpen" if torch.cuda.is_rocm else "cuDNN"
        problem = torch.cuda.cudnn_problem
        found.append(
            Rejection(
                RejectionReason.CUDNN_MISSING,
                f"the policy requires cuDNN, and torch {torch.version} finds no {library}"
                + (f" that it can use: {problem}" if problem else ""),
                f"install a torch build with {library}, or set require-cudnn to false",
                (("cudnn", "none"),),
            )
        )
    if torch.cuda.is_in_bad_fork:
        found.append(
            Rejection(
                RejectionReason.CUDA_IN_BAD_FORK,
                "this process was forked after CUDA was initialised, so CUDA cannot be used here",
                "start it with the spawn or forkserver method, or fork before CUDA is touched",
            )
        )
    return found


# --- what is too late, or contradicted by the environment ----------------------------------------


def _cublas(facts: RuntimeFacts, cuda: CudaFacts | None) -> list[Rejection]:
    now = facts.environment.now(CUBLAS_VARIABLE)
    start = facts.environment.at_start(CUBLAS_VARIABLE)
    allowed = " or ".join(DETERMINISTIC_CUBLAS_WORKSPACES)
    details = (
        ("now", str(now)),
        ("at start", str(start) if facts.environment.start_is_known else "unknown"),
    )
    if cuda is not None and cuda.is_initialized and not _workspace_is_proven(now, start, cuda):
        return [
            Rejection(
                RejectionReason.CUBLAS_WORKSPACE_TOO_LATE,
                f"CUDA is already initialised and {CUBLAS_VARIABLE} was not (provably) set to "
                f"{allowed} before that; cuBLAS reads it once",
                f"set {CUBLAS_VARIABLE}={DEFAULT_CUBLAS_WORKSPACE} before Python starts, or get "
                "the handle before anything touches CUDA",
                (*details, ("workspace bytes", str(cuda.cublas_workspace_bytes))),
            )
        ]
    if now is not None and now not in DETERMINISTIC_CUBLAS_WORKSPACES:
        return [
            Rejection(
                RejectionReason.CUBLAS_WORKSPACE_NONDETERMINISTIC,
                f"{CUBLAS_VARIABLE} is {now!r}, with which cuBLAS is not deterministic",
                f"unset it, or set it to {allowed}",
                details,
            )
        ]
    return []


def _workspace_is_proven(now: str | None, start: str | None, cuda: CudaFacts) -> bool:
    """Tell whether an initialised CUDA has a deterministic cuBLAS workspace.

    The value must be good now, and either have been so from the start or be confirmed by the size
    that torch itself reports. hipBLAS (ROCm) does not read the variable.
    """
    if cuda.is_rocm:
        return True
    if now not in DETERMINISTIC_CUBLAS_WORKSPACES:
        return False
    size = cuda.cublas_workspace_bytes
    return start == now if size is None else size == DETERMINISTIC_CUBLAS_WORKSPACES[now]


def _process_group(torch: TorchPresent) -> list[Rejection]:
    if torch.process_group is None:
        return []
    return [
        Rejection(
            RejectionReason.PROCESS_GROUP_EXISTS,
            f"a {torch.process_group} process group already exists; its communicators were made "
            "without the determinism settings",
            "get the handle before torch.distributed.init_process_group",
            (("backend", torch.process_group),),
        )
    ]


# Variables that overrule what is set from Python, with the value that does so and the precision
# that it contradicts. Sources: PyTorch's "CUDA environment variables" page; NVIDIA's documentation
# of NVIDIA_TF32_OVERRIDE.
_PRECISION_OVERRIDES = (
    ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1", Precision.IEEE),
    ("NVIDIA_TF32_OVERRIDE", "1", Precision.IEEE),
    ("NVIDIA_TF32_OVERRIDE", "0", Precision.TF32),
)


def _precision(facts: RuntimeFacts, policy: RuntimePolicy) -> list[Rejection]:
    return [
        Rejection(
            RejectionReason.PRECISION_OVERRIDDEN,
            f"{name}={value} overrules the policy's precision {policy.precision.value!r}",
            f"unset {name} before Python starts, or change precision",
            ((name, value),),
        )
        for name, value, contradicted in _PRECISION_OVERRIDES
        if policy.precision is contradicted
        and value in (facts.environment.now(name), facts.environment.at_start(name))
    ]


# --- torch and the thread ------------------------------------------------------------------------


def _absent(absent: TorchAbsent) -> Rejection:
    details = (("import", absent.detail),)
    if absent.reason is AbsenceReason.NOT_INSTALLED:
        return Rejection(
            RejectionReason.TORCH_NOT_INSTALLED,
            f"torch is not installed: {absent.detail}",
            "install torch (the extra torchdet[runtime]) into this environment",
            details,
        )
    return Rejection(
        RejectionReason.TORCH_IMPORT_FAILED,
        f"torch is installed and cannot be imported: {absent.detail}",
        "mend what the import complains of: python -c 'import torch' shows where it fails",
        details,
    )


def _version(torch: TorchPresent) -> list[Rejection]:
    if version_numbers(torch.version) >= MINIMUM_TORCH:
        return []
    wanted = ".".join(map(str, MINIMUM_TORCH))
    return [
        Rejection(
            RejectionReason.TORCH_TOO_OLD,
            f"torch {torch.version} is too old; the runtime needs {wanted} or later",
            f"install torch>={wanted}",
            (("version", torch.version),),
        )
    ]


def version_numbers(version: str) -> tuple[int, int]:
    """Return major and minor of a torch version; a part that is no number counts as 0.

    >>> version_numbers("2.13.0+cpu")
    (2, 13)
    """
    parts = [int(part) if part.isdigit() else 0 for part in version.partition("+")[0].split(".")]
    major, minor = (*parts, 0, 0)[:2]
    return major, minor


def _thread(facts: RuntimeFacts, policy: RuntimePolicy) -> list[Rejection]:
    if policy.thread_affinity is ThreadAffinity.WORKER_SAFE or facts.thread.is_main:
        return []
    return [
        Rejection(
            RejectionReason.NOT_MAIN_THREAD,
            f"the policy requires the main thread, and this is thread {facts.thread.name!r}",
            "get the handle in the main thread before workers start, or set thread-affinity to "
            "worker-safe",
            (("thread", facts.thread.name),),
        )
    ]
