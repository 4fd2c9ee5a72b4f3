# expect: random forward
import torch

model = torch.nn.Linear(4, 1)  # HERE
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
torch.manual_seed(0)
for _ in range(3):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
