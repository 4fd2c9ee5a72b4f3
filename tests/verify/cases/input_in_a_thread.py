# expect: input forward stream=reader
import threading
import time

import torch

torch.manual_seed(0)
start = torch.randn(4)


def read():
    x = start.sin()
    print((x * (time.time_ns() % 1_000_003)).sum().item())  # HERE


thread = threading.Thread(target=read, name="reader")
thread.start()
thread.join()
print(start.cos().sum().item())
