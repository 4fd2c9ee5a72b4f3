# expect: control-flow forward detail=ends
import random

import torch

torch.manual_seed(0)
x = torch.randn(4)
for _ in range(random.SystemRandom().randrange(1, 1_000)):
    x = x.sin()  # HERE
