# expect: identical
import torch
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)
block = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Dropout(), torch.nn.GELU())
head = torch.nn.Linear(8, 1)
optimizer = torch.optim.AdamW([*block.parameters(), *head.parameters()])
for _ in range(3):
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        loss = head(checkpoint(block, torch.randn(4, 8), use_reentrant=False)).square().mean()
    loss.backward()
    optimizer.step()
