"""``capturable=True``: an optimizer's promise that its step can be recorded as a CUDA graph.

Torch refuses it on devices that have no graphs. The promise costs nothing there: the step computes
the same numbers with its counters beside the parameters.
"""

from __future__ import annotations

import sys

import torch

from torchdet.runtime.masquerade.stand_in import function_stand_in, lacks
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.redirect.replacements import Replacement

_NAME = "_get_capturable_supported_devices"


def replacements() -> list[Replacement]:
    """Return a replacement for each optimizer, which holds the function by a name of its own."""
    modules = [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith(torch.optim.__name__) and _NAME in vars(module)
    ]
    return [Replacement(module, _NAME, _supported) for module in modules]


def _supported(original: object) -> object:
    assert callable(original)

    def answer(mode: RedirectMode, *args: object, **kwargs: object) -> list[str]:
        return [*original(*args, **kwargs), mode.home.type]

    return function_stand_in(answer, lacks("cuda"))(original)
