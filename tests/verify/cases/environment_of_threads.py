# expect: environment forward operation=aten.sum detail=threads
from pathlib import Path

import torch

counter = Path("runs")
number = len(counter.read_text()) if counter.exists() else 0
counter.write_text("*" * (number + 1))
torch.set_num_threads(1 + number % 2)
torch.manual_seed(0)
print(torch.randn(1 << 20).sum().item())  # HERE
