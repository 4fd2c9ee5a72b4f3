# expect: communication forward
import os
import subprocess
import sys
import time

import torch
import torch.distributed as dist


def main(rank, port):
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.manual_seed(0)
    x = torch.ones(4) * (1 if rank == 0 else time.time_ns() % 1_000_003)
    dist.all_reduce(x)  # HERE
    print(rank, (x + 1).sum().item())
    dist.barrier()
    dist.destroy_process_group()


if len(sys.argv) > 1:
    main(1, sys.argv[1])
else:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # The other rank is beyond the recorder's reach, as one on another machine may be.
    environment = {key: value for key, value in os.environ.items() if key != "TORCHDET_VERIFY"}
    other = subprocess.Popen([sys.executable, __file__, port], env=environment)
    main(0, port)
    other.wait()
