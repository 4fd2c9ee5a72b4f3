"""Which modules torch has, and how code reaches them.

The generated table says of the installed torch which modules `import torch` loads and which an
import of their package leaves out. Older releases load fewer; by hand is kept what each of them
loads, so that migrated code runs on all of them.
"""

from __future__ import annotations

from functools import cache

from torchdet.torch_api.public_names import qualified
from torchdet.torch_api.tables import generated_rows

LOADED_WITH_TORCH = frozenset({"torch"}) | qualified(
    "torch",
    """
    accelerator amp amp.autocast_mode amp.grad_scaler autograd autograd.function
    autograd.functional autograd.graph autograd.profiler backends backends.cpu backends.cuda
    backends.cudnn backends.mkldnn backends.mps compiler cpu cuda cuda.amp cuda.nvtx
    distributed distributions distributions.categorical distributions.constraints
    distributions.distribution distributions.kl distributions.normal distributions.transforms
    distributions.utils fft func functional futures fx hub jit library linalg mps
    multiprocessing nested nn nn.functional nn.init nn.modules nn.modules.activation
    nn.modules.batchnorm nn.modules.container nn.modules.conv nn.modules.dropout
    nn.modules.linear nn.modules.loss nn.modules.module nn.modules.normalization
    nn.modules.pooling nn.modules.rnn nn.modules.transformer nn.modules.utils nn.parallel
    nn.parallel.distributed nn.parameter nn.utils nn.utils.clip_grad nn.utils.parametrize
    nn.utils.rnn optim optim.lr_scheduler overrides profiler random serialization sparse
    special storage utils utils.checkpoint utils.data utils.data.dataloader utils.data.dataset
    utils.data.distributed utils.data.sampler utils.deterministic utils.dlpack utils.hooks
    version xpu
    """,
)
"""The public modules that `import torch` loads in every supported release, and that are attributes
of their packages as well. Others need an import of their own, which `rt.module("...")` does."""


@cache
def loaded_by_import_alone() -> frozenset[str]:
    """Modules that are no attribute of their package until code imports them by name.

    >>> "torch.utils.tensorboard" in loaded_by_import_alone()
    True
    """
    return frozenset(name for name, loaded in generated_rows("modules") if loaded == "alone")


def on_handle(module: str) -> str:
    """How code on the runtime's handle reaches ``module``, which is torch or below it.

    >>> on_handle("torch.nn"), on_handle("torch.utils.tensorboard")
    ('rt.torch.nn', 'rt.module("torch.utils.tensorboard")')
    """
    return f"rt.{module}" if module in LOADED_WITH_TORCH else f'rt.module("{module}")'
