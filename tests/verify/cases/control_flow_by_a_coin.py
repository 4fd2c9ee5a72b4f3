# expect: control-flow forward
import random

import torch

torch.manual_seed(0)
x = torch.randn(8, 4)
for _ in range(64):
    x = x.sin() if random.random() < 0.5 else x.cos()  # HERE
print(x.sum().item())
