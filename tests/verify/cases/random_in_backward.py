# expect: random backward detail=seeded
import time

import torch


class NoisyGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient + torch.randn(gradient.shape, generator=noise)  # HERE


torch.manual_seed(0)
noise = torch.Generator().manual_seed(time.time_ns())
weight = torch.randn(4, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    NoisyGradient.apply(weight).sum().backward()
    optimizer.step()
