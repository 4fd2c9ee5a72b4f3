# expect: random optimizer detail=seeded
import time

import torch


class Langevin(torch.optim.SGD):
    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data.add_(torch.randn(parameter.shape, generator=noise))  # HERE


torch.manual_seed(0)
noise = torch.Generator().manual_seed(time.time_ns())
model = torch.nn.Linear(4, 1)
optimizer = Langevin(model.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    model(torch.ones(2, 4)).mean().backward()
    optimizer.step()
