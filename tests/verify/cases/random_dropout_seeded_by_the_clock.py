# expect: random forward module=1 detail=seeded
import time

import torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 64), torch.nn.Dropout(), torch.nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters())
x = torch.randn(8, 4)
for step in range(6):
    if step == 3:
        torch.manual_seed(time.time_ns())
    loss = model(x).square().mean()  # HERE
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
