"""The handle's part about random numbers: seeds, generators, and runs that are resumed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from torchdet.runtime import checkpoints, generator_states, portable, rank_state, seeding
from torchdet.runtime.events import EventKind, RuntimeEvent, emit
from torchdet.runtime.handle_core import HandleCore
from torchdet.runtime.probe import probe_distributed_rank, probe_process_role

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from torch import Generator

    from torchdet.runtime.checkpoints import HasState
    from torchdet.runtime.devices import DeviceSpec
    from torchdet.runtime.generator_states import State
    from torchdet.runtime.policy import RuntimePolicy
    from torchdet.runtime.portable import PortableGenerator
    from torchdet.runtime.resumable_data import ResumableDataLoader
    from torchdet.runtime.seeding import DataLoaderOptions


class RandomNumbers(HandleCore):
    """Seeding, generators, and what makes data loaders repeatable."""

    __slots__ = ()

    def manual_seed(self, seed: int, *, per_rank: bool = False, inherit: bool = False) -> Generator:
        """Seed Python, NumPy (if installed) and torch on every device; return torch's generator.

        In a DataLoader worker the seed is derived for that worker. With `per_rank` each rank of a
        distributed job gets its own (for data); without it all get the same (for parameters).
        With `inherit`, subprocesses that start later and get a handle are seeded with it, too.
        Raises `PolicyError` for what is no seed.
        """
        role, rank = probe_process_role(), probe_distributed_rank()
        derived = seeding.seed_for_process(seed, role, rank, per_rank=per_rank)
        seeding.seed_everything(self.torch, derived)
        if inherit:
            seeding.pass_seed_on(seed)
        details = {"seed": seed, "derived": derived, "per_rank": per_rank}
        emit(RuntimeEvent(EventKind.SEEDED, f"seeded with {derived}", details), logging.DEBUG)
        generator: Generator = self.torch.default_generator
        return generator

    def generator(self, seed: int, device: DeviceSpec = None) -> Generator:
        """Return a new, seeded generator on a device (the handle's, if none is named).

        An operation needs a generator of its own device.
        """
        generator: Generator = self.torch.Generator(device=self.device_for(device))
        return generator.manual_seed(seeding.checked_seed(seed))

    def portable_generator(self, seed: int) -> PortableGenerator:
        """Return a generator whose numbers are the same on every device and machine.

        It draws on the CPU and moves what it drew to the handle's device; see
        `torchdet.runtime.portable` for what it costs.
        """
        return portable.PortableGenerator(self.torch, seed, self.device)

    def dataloader_options(self, seed: int) -> DataLoaderOptions:
        """Return what makes a DataLoader repeatable: a seeded generator and a worker initialiser.

        `DataLoader(dataset, shuffle=True, num_workers=2, **rt.dataloader_options(0))`. Each rank
        of a distributed job gets its own stream.
        """
        derived = seeding.seed_for_process(
            seed, probe_process_role(), probe_distributed_rank(), per_rank=True
        )
        return {
            "generator": self.generator(derived, "cpu"),
            "worker_init_fn": seeding.WorkerSetup(self._policy_of_workers()),
        }

    def _policy_of_workers(self) -> RuntimePolicy | None:
        """The policy that a DataLoader worker applies; None where it is not to apply any."""
        return self.policy

    # --- going on where a run stopped ------------------------------------------------------------

    def state_dict(self, *, all_ranks: bool = False) -> dict[str, State]:
        """Return the states of the generators of Python, NumPy, torch and every device in use.

        They are those of this rank, and know it. With `all_ranks` they are those of every rank of
        the job; each rank has to make that call. `torch.load(..., weights_only=True)` reads them.
        """
        return rank_state.read_rank_state(self.torch, all_ranks=all_ranks)

    def load_state_dict(self, state: Mapping[str, State], *, strict: bool = True) -> None:
        """Give the generators the state that `state_dict` returned.

        Raises `StateError` for what is no such state, and for one that holds nothing of this rank;
        without `strict` the generators of such a rank stay as they are.
        """
        rank_state.write_rank_state(self.torch, state, strict=strict)

    def isolated_rng(self) -> AbstractContextManager[None]:
        """Give every generator its state back at the end of a block, whatever the block draws."""
        return generator_states.isolated(self.torch)

    def stateful_dataloader(
        self, dataset: object, *, seed: int, **options: object
    ) -> ResumableDataLoader:
        """Return torchdata's `StatefulDataLoader` with the options of `dataloader_options`.

        Its `state_dict` holds the place in the epoch, and the generators of each worker. `options`
        are those of the loader. Raises `ImportError` where torchdata is not installed.
        """
        try:
            from torchdet.runtime.resumable_data import ResumableDataLoader
        except ModuleNotFoundError as error:
            raise ImportError(
                f"a data loader that can be resumed needs torchdata ({error}); install "
                "torchdet[resume]"
            ) from error
        return ResumableDataLoader(dataset, **{**self.dataloader_options(seed), **options})

    def save_checkpoint(self, path: str | os.PathLike[str], **parts: object) -> None:
        """Write the states of the parts, and of the generators, so that a run can go on from them.

        `rt.save_checkpoint("last.pt", model=model, optimizer=optimizer, loader=loader, epoch=3)`.
        A single process writes a file with `torch.save`. Under a process group each rank makes the
        call, and `torch.distributed.checkpoint` writes a folder. Parts without `state_dict` are
        plain values.
        """
        checkpoints.save(self.torch, path, self._generators(strict=True), parts)

    def load_checkpoint(
        self, path: str | os.PathLike[str], *, strict: bool = True, **parts: HasState
    ) -> dict[str, object]:
        """Bring the parts and the generators back; return the plain values of the checkpoint.

        Raises `StateError` where an entry is missing; `strict` is that of `load_state_dict`.
        """
        return checkpoints.load(self.torch, path, self._generators(strict=strict), parts)

    def _generators(self, *, strict: bool) -> HasState:
        return checkpoints.Generators(
            self.state_dict, lambda state: self.load_state_dict(state, strict=strict)
        )
