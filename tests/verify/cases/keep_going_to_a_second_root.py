# expect: input forward also=random
import time

import torch

torch.manual_seed(0)
x = torch.randn(4)
y = x * (time.time_ns() % 1_000_003)  # HERE
torch.manual_seed(time.time_ns())
z = torch.randn(4)  # ALSO
print((y + z).sum().item())
