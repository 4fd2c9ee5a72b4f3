# expect: memory forward
import ctypes
import random

import torch

torch.manual_seed(0)
buffer = torch.empty(1 << 12)
# What a fresh page of memory holds is chance; here chance is made sure of.
ctypes.c_float.from_address(buffer.data_ptr()).value = random.random()
loss = buffer + 1  # HERE
print(loss[0].item())
