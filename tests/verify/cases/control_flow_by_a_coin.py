# expect: control-flow forward
import os

import torch

torch.manual_seed(0)
x = torch.randn(8, 4)
for turn in range(64):
    x = x.sin() if os.getpid() >> (turn % 16) & 1 else x.cos()  # HERE
print(x.sum().item())
