# expect: operation forward level=operation operation=compiled.region
import time

import torch


@torch.library.custom_op("case::drifting_region", mutates_args=())
def drifting(x: torch.Tensor) -> torch.Tensor:
    return x * (1 + 1e-6 * (time.time_ns() % 1_000_003))


drifting.register_fake(torch.empty_like)


@torch.compile  # HERE
def step(x):
    return drifting(x)


torch.manual_seed(0)
x = torch.randn(8)
print(step(x).sum().item())
