# expect: random forward level=operation process=SpawnProcess-1 detail=never
import torch
import torch.multiprocessing as mp


def main(_rank):
    print(torch.rand(4).sum().item())  # HERE


if __name__ == "__main__":
    torch.manual_seed(0)
    mp.spawn(main, nprocs=1)
