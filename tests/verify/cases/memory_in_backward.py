# expect: memory backward operation=aten.mul
import time

import torch

torch.manual_seed(0)
weight = torch.randn(4, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    y = weight.exp()  # HERE
    loss = (y * 2).sum()
    y.detach().numpy()[0] = time.time_ns() % 1_000_003
    loss.backward()
    optimizer.step()
