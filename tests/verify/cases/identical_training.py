# expect: identical
import logging
import tempfile
import time

import torch
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(level=logging.INFO)


def main():
    torch.manual_seed(0)
    data = TensorDataset(torch.randn(64, 4), torch.randn(64, 1))
    loader = DataLoader(data, batch_size=16, shuffle=True, num_workers=2)
    model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Dropout(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.AdamW(model.parameters())
    for epoch in range(2):
        start = time.time()
        for x, y in loader:
            loss = torch.nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        logging.info("epoch %d took %f s", epoch, time.time() - start)
    with tempfile.NamedTemporaryFile() as file:
        torch.save(model.state_dict(), file.name)
        model.load_state_dict(torch.load(file.name))


if __name__ == "__main__":
    main()
