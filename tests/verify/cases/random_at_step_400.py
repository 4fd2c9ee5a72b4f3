# expect: random forward step=400 detail=seeded
import time

import torch

torch.manual_seed(0)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
for step in range(1, 420):
    if step == 400:
        torch.manual_seed(time.time_ns())
    x = torch.randn(2, 2)  # HERE
    optimizer.zero_grad()
    model(x).square().mean().backward()
    optimizer.step()
