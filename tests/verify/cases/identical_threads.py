# expect: identical
import threading
import time

import torch


def work(number):
    noise = torch.Generator().manual_seed(number)
    for _ in range(3):
        torch.randn(8, generator=noise).sin().sum()
        time.sleep(0.001 * (time.time_ns() % 3))


threads = [threading.Thread(target=work, args=(n,), name=f"worker {n}") for n in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
