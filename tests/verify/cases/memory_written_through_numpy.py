# expect: memory forward
import time

import torch

torch.manual_seed(0)
buffer = torch.zeros(8)
view = buffer.numpy()
start = buffer + 1
view[3] = time.time_ns() % 1_000_003
total = buffer * 2  # HERE
print(total.sum().item(), start.sum().item())
