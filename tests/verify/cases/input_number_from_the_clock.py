# expect: input forward
import time

import torch

torch.manual_seed(0)
x = torch.randn(8, 4)
y = x.sin()
z = y * (time.time_ns() % 1_000_003)  # HERE
print(z.sum().item())
