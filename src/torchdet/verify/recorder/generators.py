"""The state of torch's generators, read without moving them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch

from torchdet.verify.recorder.tensor_digest import combined, digest


class GeneratorWatch:
    """Knows the default generators' seeds from before the program, and so whether it set one.

    ``knows_start`` is whether it is made before the program; otherwise every seed counts as set.
    """

    def __init__(self, *, knows_start: bool) -> None:
        # A generator's first seed comes from the operating system.
        self._unseeded = torch.default_generator.initial_seed() if knows_start else None

    def seed_of(self, generator: torch.Generator) -> int | None:
        """The seed that the program gave a generator, or None."""
        seed = generator.initial_seed()
        if generator is torch.default_generator and seed == self._unseeded:
            return None
        return seed

    def states(self) -> int:
        """One digest for the default generators of all devices that are in use."""
        return combined([_state(generator) for generator in _default_generators()])


def generator_of(
    arguments: Sequence[object], keywords: Mapping[str, object]
) -> torch.Generator | None:
    """The generator that a random operation draws from, or None if it is not known.

    That is the one among its arguments, or else the default one of its device.
    """
    device = torch.device("cpu")
    for value in (*keywords.values(), *arguments):
        if isinstance(value, torch.Generator):
            return value
        if isinstance(value, torch.Tensor):
            device = value.device
        elif isinstance(value, torch.device):
            device = value
    return default_generator(device)


def default_generator(device: torch.device) -> torch.Generator | None:
    """The default generator of a device."""
    if device.type == "cpu":
        return torch.default_generator
    generators = getattr(getattr(torch, device.type, None), "default_generators", ())
    index = device.index or 0
    return generators[index] if index < len(generators) else None


def state_digest(generator: torch.Generator | None) -> int:
    """The digest of a generator's state."""
    return 0 if generator is None else _state(generator)


def generator_name(generator: torch.Generator) -> str:
    """What a generator is called in messages."""
    place = str(generator.device)
    own = generator is default_generator(generator.device)
    return f"the default generator of {place}" if own else f"a generator of its own on {place}"


def _state(generator: torch.Generator) -> int:
    state = digest(generator.get_state())
    assert isinstance(state, int)  # every generator keeps its state on the host
    return state


def _default_generators() -> Iterator[torch.Generator]:
    yield torch.default_generator
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        yield from torch.cuda.default_generators
