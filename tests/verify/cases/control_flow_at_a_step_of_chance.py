# expect: control-flow forward
import random

import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(40):
    x = torch.ones(8, 4)
    x = x.sin() if random.random() < 0.05 else x.cos()  # HERE
    optimizer.zero_grad()
    model(x).square().mean().backward()
    optimizer.step()
