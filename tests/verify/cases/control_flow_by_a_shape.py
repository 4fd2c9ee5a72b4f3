# expect: control-flow forward
import os

import torch

torch.manual_seed(0)
x = torch.ones(os.getpid(), 4)  # HERE
print(x.sum().item())
