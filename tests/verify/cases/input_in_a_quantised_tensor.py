# expect: input forward level=operation
import time

import torch

x = torch.quantize_per_tensor(torch.full((3,), time.time() % 1), 1e-6, 0, torch.qint32)  # HERE
print(x.dequantize())
