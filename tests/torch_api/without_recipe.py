"""The entries that no recipe shows, and why none can, or none would tell anything."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_XPU = "only the kernels of Intel's GPUs alert, and the CPU has others"
_VISION = "torchvision is a package of its own, and only its CUDA kernels alert"
_PACKAGE = "is a package of its own, which needs CUDA to be imported"
_PROCESSES = "needs several processes, each with an accelerator and NCCL"
_LIBRARY = "a library of CUDA or ROCm reads it while it chooses kernels"
_COMPILED = "needs a GPU and Triton: what differs are the kernels that the compiler writes"
_SCHEDULE = "shows only in the order in which a GPU works, which no assertion can force"

READ_ONLY = frozenset({"deepspeed", "flash_attn"})
"""Packages that need CUDA to be imported, whose rows were read from their sources."""

WITHOUT_RECIPE: Mapping[str, str] = MappingProxyType(
    {
        "histogramdd": _XPU,
        "kthvalue (xpu)": _XPU,
        "median (xpu)": _XPU,
        "sdpa (xpu)": _XPU,
        "deform_conv2d/ps_roi (xpu)": _XPU,
        "torchvision roi_align": _VISION,
        "torchvision roi_pool/ps_roi": _VISION,
        "torchvision deform_conv2d": _VISION,
        "flash_attn attention": _PACKAGE,
        "deepspeed stochastic transformer": _PACKAGE,
        "cumsum compiled": _COMPILED,
        "flex_attention": _COMPILED,
        "compiled rng": _COMPILED,
        "triton atomics in user kernels": _COMPILED,
        "profile guided / dynamic shapes": "speaks of what the compiler kept from earlier runs",
        "topk cutedsl override": "needs CuTeDSL and a GPU that it supports",
        "scatter_add cutedsl override": "needs CuTeDSL and a GPU that it supports",
        "python native overrides": "needs CuTeDSL or Triton, which replace kernels on a GPU",
        "user graph order fn": "needs kernels of CuTeDSL or Triton to put into another order",
        "sparse 2:4 matmul": "needs cuSPARSELt and a GPU with sparse tensor cores",
        "sdpa warn_only": "needs the fused kernels of CUDA, which warn and go on",
        "sdpa cudnn": "needs cuDNN's attention, of some GPUs only",
        "sdpa fa3/fa4": "needs the packages of FlashAttention 3 or 4",
        "flex_attention rocm drift": "needs one model of AMD's GPUs",
        "scaled/grouped mm": "needs a GPU with fp8, and says no more than that kernels differ",
        "non_blocking copies": _SCHEDULE,
        "side streams": _SCHEDULE,
        "cudagraphs": _SCHEDULE,
        "cuda philox layout": "needs two models of GPU to compare",
        "unordered listing": "no file system promises an order, and some happen to sort",
        "datapipe listing": "no file system promises an order, and some happen to sort",
        "time based seeds": "is about where the value of a clock goes",
        "worker count of the host": "needs two machines to compare",
        "batch invariance": _COMPILED,
        "grad clipping": "says that ways of adding differ, which depends on sizes and kernels",
        "Muon": "speaks of how much the precision of products on a GPU matters",
        "SparseAdam": "speaks of sums on a GPU that `sparse coalesce` shows",
        "cudnn depthwise kernel": _LIBRARY,
        "blas backend": _LIBRARY,
        "miopen": _LIBRARY,
        "tunable op": _LIBRARY,
        "cuda globals": "the device, stream and allocator of CUDA exist only with CUDA",
        "nccl reductions": _PROCESSES,
        "nccl group created before flag": _PROCESSES,
        "symmetric memory": _PROCESSES,
        "DataParallel": "needs two GPUs",
        "gloo/mpi reductions": "needs process groups of several sizes to compare",
        "any-source receive": "needs three processes, and shows only in which sends first",
        "DDP buckets": "needs several processes; what it groups depends on sizes and timing",
        "FSDP / tensor parallel": "needs process groups of several sizes to compare",
        "distributed seeds": "is advice: ranks are processes, each with a generator of its own",
        "CUBLASLT_WORKSPACE_SIZE": _LIBRARY,
        "BLAS/linalg preference": _LIBRARY,
        "cuDNN env": _LIBRARY,
        "NCCL env": _PROCESSES,
        "TunableOp env": _LIBRARY,
        "MPS env": "only Apple's GPUs read it",
        "device order env": "needs GPUs of two models in one machine",
        "allocator env": "changes addresses and times on a GPU, which bits need not show",
        "attention env": _LIBRARY,
        "MIOpen env": _LIBRARY,
        "transformer engine env": "is read by packages that are not torch",
    }
)
