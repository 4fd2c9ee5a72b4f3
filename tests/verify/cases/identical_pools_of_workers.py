# expect: identical level=operation
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import torch


def work(number):
    noise = torch.Generator().manual_seed(number)
    time.sleep(0.001 * (time.time_ns() % 4))
    return torch.randn(number + 1, generator=noise).sin().sum().item()


def again(number):
    with ThreadPoolExecutor(2) as inner:
        return list(inner.map(work, range(number, number + 3)))


if __name__ == "__main__":
    fork = multiprocessing.get_context("fork")
    with ThreadPoolExecutor(3) as pool:
        total = sum(pool.map(work, range(12)))
        nested = list(pool.map(again, range(3)))
    with ThreadPool(3) as pool:
        total += sum(pool.imap_unordered(work, range(12)))
    with ProcessPoolExecutor(3, mp_context=fork) as pool:
        total += sum(pool.map(work, range(12)))
    with fork.Pool(3) as pool:
        total += sum(pool.map(work, range(12), chunksize=2))
        total += sum(pool.starmap(work, [(number,) for number in range(5)]))
    print(total, nested)
