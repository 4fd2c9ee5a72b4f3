# expect: input forward level=operation
import time

import torch

x = torch.ones(3, dtype=torch.complex64) * complex(0, time.time() % 1)  # HERE
print(x + x)
