# expect: input forward level=operation
import time

import torch

x = torch.nested.nested_tensor([torch.ones(2), torch.full((3,), time.time() % 1)])  # HERE
print((x * 2).unbind())
