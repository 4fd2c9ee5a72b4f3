# expect: input optimizer
import time

import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, foreach=True)
for step in range(3):
    if step == 1:
        optimizer.param_groups[0]["lr"] = 1e-7 * (time.time_ns() % 1_000_003)
    optimizer.zero_grad()
    model(torch.ones(2, 4)).mean().backward()
    optimizer.step()  # HERE
