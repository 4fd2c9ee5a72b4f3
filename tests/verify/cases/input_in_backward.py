# expect: input backward
import time

import torch

torch.manual_seed(0)
weight = torch.randn(4, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    y = weight.sin()
    y.register_hook(lambda gradient: gradient * (time.time_ns() % 1_000_003))  # HERE
    y.cos().sum().backward()
    optimizer.step()
