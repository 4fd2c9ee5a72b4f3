# expect: identical
import torch

torch.manual_seed(0)
cache = torch.empty(16, 8)
cache[:4] = torch.randn(4, 8)
visible = torch.arange(16) < 4
kept = torch.where(visible[:, None], cache, torch.zeros(()))
print(kept.sum().item())
