"""Which submodules `import torch` brings along by itself."""

from __future__ import annotations

LOADED_WITH_TORCH = frozenset(
    {
        "torch",
        "torch.accelerator",
        "torch.amp",
        "torch.autograd",
        "torch.autograd.function",
        "torch.autograd.functional",
        "torch.autograd.graph",
        "torch.autograd.profiler",
        "torch.backends",
        "torch.backends.cpu",
        "torch.backends.cuda",
        "torch.backends.cudnn",
        "torch.backends.mkldnn",
        "torch.backends.mps",
        "torch.compiler",
        "torch.cpu",
        "torch.cuda",
        "torch.cuda.amp",
        "torch.cuda.nvtx",
        "torch.distributed",
        "torch.distributions",
        "torch.fft",
        "torch.func",
        "torch.functional",
        "torch.futures",
        "torch.fx",
        "torch.hub",
        "torch.jit",
        "torch.library",
        "torch.linalg",
        "torch.mps",
        "torch.multiprocessing",
        "torch.nested",
        "torch.nn",
        "torch.nn.functional",
        "torch.nn.init",
        "torch.nn.modules",
        "torch.nn.parallel",
        "torch.nn.parameter",
        "torch.nn.utils",
        "torch.nn.utils.rnn",
        "torch.optim",
        "torch.optim.lr_scheduler",
        "torch.overrides",
        "torch.profiler",
        "torch.random",
        "torch.serialization",
        "torch.sparse",
        "torch.special",
        "torch.storage",
        "torch.utils",
        "torch.utils.checkpoint",
        "torch.utils.data",
        "torch.utils.data.dataloader",
        "torch.utils.data.dataset",
        "torch.utils.data.distributed",
        "torch.utils.data.sampler",
        "torch.utils.deterministic",
        "torch.utils.dlpack",
        "torch.utils.hooks",
        "torch.version",
        "torch.xpu",
    }
)
"""The public ones that code imports most, checked on torch 2.13; others need an import of their
own, which `rt.module("torch.utils.tensorboard")` does. Each is an attribute of its package as well,
which `torch.optim.optimizer` for one is not."""


def on_handle(module: str) -> str:
    """How code on the runtime's handle reaches ``module``, which is torch or below it.

    >>> on_handle("torch.nn"), on_handle("torch.utils.tensorboard")
    ('rt.torch.nn', 'rt.module("torch.utils.tensorboard")')
    """
    return f"rt.{module}" if module in LOADED_WITH_TORCH else f'rt.module("{module}")'
