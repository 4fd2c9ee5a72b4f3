# expect: identical level=operation
import random
import time

import torch
from torch.utils.data import DataLoader, Dataset

CHANCE = random.SystemRandom()


class Late(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        time.sleep(CHANCE.choice([0.0, 0.1]))
        return torch.tensor([float(index)])


torch.manual_seed(0)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
for batch in DataLoader(Late(), batch_size=2, num_workers=3):
    optimizer.zero_grad()
    model(batch).square().sum().backward()
    optimizer.step()
