# expect: input forward
import time

import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
kept = torch.zeros(40, 4)
for step in range(40):
    if step == 3:
        kept[39] = time.time() % 1  # HERE
    x = torch.ones(8, 4) + kept[step]
    optimizer.zero_grad()
    model(x).square().mean().backward()
    optimizer.step()
