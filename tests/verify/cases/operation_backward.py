# expect: operation backward module=1 operation=case.drifting_backward
import time

import torch


@torch.library.custom_op("case::smooth", mutates_args=())
def smooth(x: torch.Tensor) -> torch.Tensor:
    return x * 2


@torch.library.custom_op("case::drifting_backward", mutates_args=())
def drifting_backward(gradient: torch.Tensor) -> torch.Tensor:
    return gradient * (2 + 1e-6 * (time.time_ns() % 1_000_003))


smooth.register_autograd(lambda _context, gradient: drifting_backward(gradient))  # HERE


class Smooth(torch.nn.Module):
    def forward(self, x):
        x = x.sin()
        return smooth(x).cos()


torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 4), Smooth(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
