# expect: input forward level=operation stream=task-7
import time
from concurrent.futures import ThreadPoolExecutor

import torch


def work(number):
    time.sleep(0.001 * (time.time_ns() % 4))
    x = torch.full((4,), float(number)).sin()
    if number == 6:
        x = x + time.time()  # HERE
    return x.sum().item()


with ThreadPoolExecutor(3) as pool:
    print(sum(pool.map(work, range(12))))
