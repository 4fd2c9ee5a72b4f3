# expect: identical
import torch

torch.manual_seed(0)
generator, critic = torch.nn.Linear(2, 4), torch.nn.Linear(4, 1)
optimizers = [torch.optim.Adam(each.parameters()) for each in (generator, critic)]
for _ in range(3):
    for optimizer, sign in zip(optimizers, (1, -1), strict=True):
        optimizer.zero_grad()
        (sign * critic(generator(torch.randn(8, 2))).mean()).backward()
        optimizer.step()
