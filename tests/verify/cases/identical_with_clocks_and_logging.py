# expect: identical
import logging
import random
import time

import torch

logging.basicConfig(level=logging.DEBUG)
torch.manual_seed(0)
weight = torch.randn(16, requires_grad=True)
optimizer = torch.optim.Adam([weight])
started = time.perf_counter()
for step in range(5):
    optimizer.zero_grad()
    loss = (weight * torch.rand(16)).square().sum()
    loss.backward()
    optimizer.step()
    seconds = time.perf_counter() - started
    logging.info("step %d: %.4f after %f s, id %x", step, loss, seconds, random.getrandbits(32))
    time.sleep(random.random() / 100)
