# expect: memory forward
import ctypes
import os

import torch

torch.manual_seed(0)
buffer = torch.empty(1 << 12)
# What a fresh page of memory holds is chance; here chance is made sure of.
ctypes.memset(buffer.data_ptr(), os.getpid() % 101, 64)
loss = buffer + 1  # HERE
print(loss[0].item())
