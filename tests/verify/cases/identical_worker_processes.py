# expect: identical
import os
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Noise(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        time.sleep(0.001 * (os.getpid() % 3))
        return torch.from_numpy(np.random.rand(4).astype("float32")) + torch.rand(4)


torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loader = DataLoader(Noise(), batch_size=2, shuffle=True, num_workers=3, persistent_workers=True)
for _ in range(2):
    for batch in loader:
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()
