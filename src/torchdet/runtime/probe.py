"""The probe: the only reader of this process's environment, threads, role and torch.

It writes nothing, creates no CUDA context, and leaves a later fork usable: devices are counted
through NVML where it exists (as torch itself does), and everything that would need a context is
left out until CUDA is initialised by someone else.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
from pathlib import Path

from torchdet.runtime.facts import (
    ChildProcess,
    DataLoaderWorker,
    DistributedRank,
    EnvironmentFacts,
    EnvironmentVariable,
    MainProcess,
    ProcessRole,
    RuntimeFacts,
    ThreadFacts,
)
from torchdet.runtime.host import usable_cpus
from torchdet.runtime.probe_torch import probe_torch
from torchdet.torch_api.environment_variables import VARIABLES

_RECORDED = tuple(each.name for each in VARIABLES if each.recorded)

_was_forked = False


def _remember_fork() -> None:
    global _was_forked  # noqa: PLW0603  # a fork is a fact of the process, known only to the hook
    _was_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_remember_fork)


def probe_torch_runtime() -> RuntimeFacts:
    """Read everything that a decision may depend on. Imports torch if it is there; raises nothing.

    >>> probe_torch_runtime().thread.is_main
    True
    """
    return RuntimeFacts(
        torch=probe_torch(),
        python_version=platform.python_version(),
        platform=platform.platform(),
        cpu_count=usable_cpus(),
        environment=probe_environment(),
        thread=probe_thread(),
        process=probe_process_role(),
        distributed=probe_distributed_rank(),
    )


def probe_thread() -> ThreadFacts:
    """Tell which thread is calling."""
    current = threading.current_thread()
    return ThreadFacts(current is threading.main_thread(), current.name)


# --- the environment -----------------------------------------------------------------------------


def probe_environment() -> EnvironmentFacts:
    """Read the variables that matter, now and (where the system keeps it) at the start."""
    start = _environment_at_start()
    variables = tuple(
        EnvironmentVariable(
            name,
            at_start=os.environ.get(name) if start is None else start.get(name),
            now=os.environ.get(name),
        )
        for name in _RECORDED
    )
    return EnvironmentFacts(
        variables,
        start_is_known=start is not None,
        python_ignores_environment=bool(sys.flags.ignore_environment),
        hash_randomization=bool(sys.flags.hash_randomization),
    )


def _environment_at_start() -> dict[str, str] | None:
    """Return the environment that the kernel gave this process; only Linux keeps it."""
    try:
        raw = Path("/proc/self/environ").read_bytes()
    except OSError:
        return None
    pairs = (entry.partition(b"=") for entry in raw.split(b"\0"))
    return {os.fsdecode(name): os.fsdecode(value) for name, found, value in pairs if found}


# --- who this process is -------------------------------------------------------------------------


def probe_process_role() -> ProcessRole:
    """Tell whether this is a main process, a child, or a DataLoader worker.

    Only modules that are already imported are asked: what started a child has left them loaded.
    """
    method = _start_method()
    loader = sys.modules.get("torch.utils.data._utils.worker")
    info = None if loader is None else loader.get_worker_info()
    if info is not None:
        return DataLoaderWorker(info.id, info.num_workers, info.seed, method or "unknown")
    return MainProcess() if method is None else ChildProcess(method)


def _start_method() -> str | None:
    process = sys.modules.get("multiprocessing.process")
    if process is None:
        return "os.fork" if _was_forked else None
    if getattr(process.current_process(), "_inheriting", False):
        # The child imports the program's main module, and is told only afterwards who it is.
        return "spawn" if "--multiprocessing-fork" in sys.orig_argv else "forkserver"
    if process.parent_process() is None:
        return "os.fork" if _was_forked else None
    own = getattr(type(process.current_process()), "_start_method", None)
    if isinstance(own, str):
        return own
    if _was_forked:
        return "fork"
    context = sys.modules.get("multiprocessing.context")
    chosen = None if context is None else context._default_context.get_start_method(allow_none=True)
    return chosen if isinstance(chosen, str) else "unknown"


def probe_distributed_rank() -> DistributedRank | None:
    """Return rank and world size: of torch's process group if there is one, else as launched.

    Launchers (torchrun and its like) say so in `RANK`, `WORLD_SIZE` and `LOCAL_RANK`.
    """
    launched = [_number(os.environ.get(name)) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
    rank, world_size, local_rank = launched
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        rank, world_size = distributed.get_rank(), distributed.get_world_size()
    if rank is None or world_size is None or rank >= world_size:
        return None
    return DistributedRank(rank, world_size, rank if local_rank is None else local_rank)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
