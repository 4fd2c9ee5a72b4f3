"""``torch.cuda``'s seeds and generator states, as those of the device that CUDA requests go to."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from torchdet.runtime.masquerade.home import home_module
from torchdet.runtime.redirect.mode import RedirectMode


def _generator(mode: RedirectMode) -> torch.Generator:
    if mode.home.type == "mps":
        generator = torch.mps._get_default_mps_generator()
        assert isinstance(generator, torch._C.Generator)
        return generator
    module = home_module(mode)
    if module is None:
        return torch.default_generator
    module.init()  # it makes the generators
    generator = module.default_generators[mode.home.index or 0]
    assert isinstance(generator, torch._C.Generator)
    return generator


def manual_seed(mode: RedirectMode, seed: int) -> None:
    _generator(mode).manual_seed(int(seed))


def seed(mode: RedirectMode) -> None:
    _generator(mode).seed()


def initial_seed(mode: RedirectMode) -> int:
    return _generator(mode).initial_seed()


def get_rng_state(mode: RedirectMode, device: object = None) -> torch.Tensor:  # noqa: ARG001
    return _generator(mode).get_state()


def get_rng_state_all(mode: RedirectMode) -> list[torch.Tensor]:
    return [_generator(mode).get_state()]


def set_rng_state(mode: RedirectMode, new_state: torch.Tensor, device: object = None) -> None:  # noqa: ARG001
    with mode.paused():
        state = new_state.cpu()  # a generator takes its state from the host
    _generator(mode).set_state(state)


def set_rng_state_all(mode: RedirectMode, new_states: Iterable[torch.Tensor]) -> None:
    for state in list(new_states)[:1]:
        set_rng_state(mode, state)
