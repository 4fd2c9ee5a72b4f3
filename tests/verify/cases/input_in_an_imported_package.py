# expect: input forward file=imported_package/noise.py module=1
import torch
from imported_package import Noise

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 4), Noise(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    model(torch.ones(2, 4)).mean().backward()
    optimizer.step()
