"""A data loader that goes on in the middle of an epoch, over torchdata's `StatefulDataLoader`.

Importing this module imports torch and torchdata; `rt.stateful_dataloader` does so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info
from torchdata.stateful_dataloader import StatefulDataLoader

from torchdet.runtime.generator_states import (
    State,
    read_generators,
    read_held_generators,
    write_generators,
    write_held_generators,
)

_LOADER = "torchdet_generator"


class ResumableDataset(Dataset[object]):
    """A data set by index, with the generators of the worker in which it is read.

    The loader keeps what `state_dict` returns with each batch, from each worker. Torch seeds the
    generators of a worker when it starts, and a worker that starts in the middle of an epoch would
    begin with them anew. In the main process only the generators that the data set holds belong to
    it.
    """

    def __init__(self, dataset: object) -> None:
        self.dataset = dataset

    def __getattr__(self, name: str) -> object:
        if name == "dataset":  # while it is unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __getitem__(self, index: object) -> object:
        return self.dataset[index]  # type: ignore[index]  # a data set by index has it

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]  # so it has a length

    def state_dict(self) -> dict[str, State]:
        """Return the states of the generators, and the data set's own state if it has one."""
        states: dict[str, State] = {"held": read_held_generators(self.dataset)}
        if get_worker_info() is not None:
            states["generators"] = read_generators(torch)
        if hasattr(self.dataset, "state_dict"):
            states["dataset"] = self.dataset.state_dict()
        return states

    def load_state_dict(self, state: Mapping[str, State]) -> None:
        """Go on where `state_dict` was called."""
        if hasattr(self.dataset, "load_state_dict") and "dataset" in state:
            self.dataset.load_state_dict(state["dataset"])
        write_held_generators(self.dataset, cast("dict[str, State]", state["held"]))
        if get_worker_info() is not None and "generators" in state:
            write_generators(torch, cast("dict[str, State]", state["generators"]))


class ResumableDataLoader(StatefulDataLoader):  # type: ignore[misc]  # torchdata has no types
    """Torchdata's loader, which also keeps the generator that seeds the workers of later epochs.

    Data sets that are iterated instead of indexed are torchdata's to bring forward: it repeats the
    epoch up to the place, and draws what was drawn.
    """

    def __init__(self, dataset: object, **options: object) -> None:
        iterated = isinstance(dataset, IterableDataset)
        super().__init__(dataset if iterated else ResumableDataset(dataset), **options)
        self._state_of_generator: torch.Tensor | None = None

    def __iter__(self) -> Iterator[object]:
        iterator: Iterator[object] = super().__iter__()
        if self._state_of_generator is not None:
            # Not before: an iterator draws a seed of its own, which the state then replaces.
            self.generator.set_state(self._state_of_generator)
            self._state_of_generator = None
        return iterator

    def state_dict(self) -> dict[str, object]:
        """Return the place in the epoch, the generators of the workers, and the loader's own."""
        state: dict[str, object] = super().state_dict()
        if self._has_generator_of_its_own():
            state[_LOADER] = self.generator.get_state()
        return state

    def load_state_dict(self, state_dict: Mapping[str, object]) -> None:
        """Go on, with the next iterator, where `state_dict` was called."""
        rest = dict(state_dict)
        self._state_of_generator = cast("torch.Tensor | None", rest.pop(_LOADER, None))
        super().load_state_dict(rest)

    def _has_generator_of_its_own(self) -> bool:
        """Tell whether no sampler keeps the generator already; one that shuffles shares it."""
        shared = getattr(self.sampler, "generator", None)
        return self.generator is not None and shared is not self.generator
