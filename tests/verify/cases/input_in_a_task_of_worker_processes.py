# expect: input forward level=operation process=main.pool
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

import torch


def work(number):
    time.sleep(0.001 * (time.time_ns() % 4))
    x = torch.full((4,), float(number)).sin()
    if number == 6:
        x = x + time.time()  # HERE
    return x.sum().item()


if __name__ == "__main__":
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(3, mp_context=fork) as pool:
        print(sum(pool.map(work, range(12))))
