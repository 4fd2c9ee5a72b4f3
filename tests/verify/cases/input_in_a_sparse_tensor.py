# expect: input forward level=operation
import time

import torch

x = torch.sparse_coo_tensor([[0, 1], [1, 0]], torch.ones(2), (2, 2)) * (1 + time.time() % 1)  # HERE
print(x + x)
