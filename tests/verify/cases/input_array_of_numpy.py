# expect: input forward
import numpy as np
import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    batch = np.random.rand(8, 4).astype(np.float32)
    loss = model(torch.from_numpy(batch)).square().mean()  # HERE
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
