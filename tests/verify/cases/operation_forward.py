# expect: operation forward module=1 operation=case.drifting
import time

import torch


@torch.library.custom_op("case::drifting", mutates_args=())
def drifting(x: torch.Tensor) -> torch.Tensor:
    return x * (1 + 1e-6 * (time.time_ns() % 1_000_003))


class Drift(torch.nn.Module):
    def forward(self, x):
        return drifting(x)  # HERE


torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 4), Drift())
with torch.no_grad():
    print(model(torch.randn(2, 4)).sum().item())
