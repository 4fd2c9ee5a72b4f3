# expect: random forward start=torchrun level=operation rank=1 process=rank1 detail=seeded
import time

import torch
import torch.distributed as dist

dist.init_process_group("gloo")
torch.manual_seed(0 if dist.get_rank() == 0 else time.time_ns())
weight = torch.randn(4)  # HERE
dist.all_reduce(weight)
print(weight.sum().item())
dist.destroy_process_group()
