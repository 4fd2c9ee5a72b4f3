# expect: input forward process=Process-2 step=1
import random

import torch
from torch.utils.data import DataLoader, Dataset

CHANCE = random.SystemRandom()


class Noise(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index < 4:
            return torch.tensor([0.5])
        return torch.tensor([CHANCE.random()])  # HERE


torch.manual_seed(0)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for batch in DataLoader(Noise(), batch_size=4, num_workers=2):
    optimizer.zero_grad()
    model(batch).sum().backward()
    optimizer.step()
