# expect: memory forward process=ForkProcess-2
import os
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def main(rank, port):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(0)
    x = torch.ones(4)
    if rank == 1:
        x.numpy()[0] = time.time_ns() % 1_000_003
    dist.all_reduce(x)  # HERE
    print(rank, (x + 1).sum().item())
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    mp.start_processes(main, (port,), nprocs=2, start_method="fork")
