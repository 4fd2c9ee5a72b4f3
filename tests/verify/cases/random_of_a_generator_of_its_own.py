# expect: random forward detail=generator
import time

import torch

torch.manual_seed(0)
data = torch.randn(64, 4)
order = torch.Generator().manual_seed(time.time_ns())
shuffled = data[torch.randperm(64, generator=order)]  # HERE
print(shuffled[0].sum().item())
