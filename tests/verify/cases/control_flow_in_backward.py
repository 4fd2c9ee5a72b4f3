# expect: control-flow backward level=operation
import random

import torch


class Either(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.sin() if random.random() < 0.5 else gradient.cos()  # HERE


torch.manual_seed(0)
weight = torch.randn(4, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for _ in range(64):
    optimizer.zero_grad()
    Either.apply(weight).sum().backward()
    optimizer.step()
