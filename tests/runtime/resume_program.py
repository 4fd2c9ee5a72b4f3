"""A training run that can be stopped in the middle of an epoch and resumed.

    resume_program.py FOLDER whole|first|rest

`whole` takes all steps, `first` stops half-way and saves, `rest` goes on from there. Data are
augmented in workers with the generators of Python, NumPy and torch and one of the data set's own;
there are dropout, a schedule, and mixed precision with a gradient scaler. The last line is a digest
of everything that the run ended with. Under torchrun each rank trains on its share.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from pathlib import Path

import numpy as np
import torch.utils.data

from torchdet.runtime import TorchHandle, get_torch_handle

STEPS = 10
EPOCH = 6  # batches: step 5 lies in the first epoch, step 10 in the second
BATCH = 4


class Augmented(torch.utils.data.Dataset):
    def __init__(self):
        self.own = np.random.default_rng(3)

    def __len__(self):
        return EPOCH * BATCH * int(os.environ.get("WORLD_SIZE", "1"))

    def __getitem__(self, index):
        noise = torch.randn(8) + random.random() + float(np.random.rand()) + self.own.random()
        return torch.arange(8.0) * index / 10 + noise, torch.tensor([float(index % 3)])


def main(folder: Path, part: str) -> None:
    rt = get_torch_handle(device="cpu", seed=1)
    ranks = "RANK" in os.environ
    if ranks:
        torch.distributed.init_process_group("gloo")
    # The model is gone when the group is: the other way round its destructor joins Gloo's threads
    # and keeps the interpreter's lock meanwhile, which they may wait for.
    digest = train(rt, folder, part, ranks=ranks)
    print(f"rank {os.environ.get('RANK', '0')}: {digest}", flush=True)
    if ranks:
        torch.distributed.destroy_process_group()


def train(rt: TorchHandle, folder: Path, part: str, *, ranks: bool) -> str:
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
    )
    if ranks:
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS + 1)
    scaler = rt.grad_scaler(init_scale=2.0)
    rt.manual_seed(2, per_rank=True)
    data = Augmented()
    options = {"shuffle": True} if not ranks else {"sampler": _sampler(data)}
    loader = rt.stateful_dataloader(data, seed=5, batch_size=BATCH, num_workers=2, **options)
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "scaler": scaler,
             "loader": loader}  # fmt: skip
    step, losses = 0, []
    if part == "rest":
        rt.manual_seed(99)  # whatever happens before the checkpoint is loaded
        values = rt.load_checkpoint(folder / "last", **parts)
        step, losses = values["step"], values["losses"]
    goal = STEPS // 2 if part == "first" else STEPS
    while step < goal:
        for inputs, targets in loader:
            optimizer.zero_grad()
            with rt.autocast(torch.bfloat16):
                loss = (model(inputs) - targets).square().mean()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            scheduler.step()
            step += 1
            losses.append(loss.item())
            if step == goal:
                break
    if part == "first":
        rt.save_checkpoint(folder / "last", step=step, losses=losses, **parts)
    after = [
        *losses,
        random.random(),
        float(np.random.rand()),
        float(torch.rand(())),
        scaler.get_scale(),
    ]
    weights = b"".join(each.detach().numpy().tobytes() for each in model.parameters())
    return hashlib.sha256(weights + repr(after).encode()).hexdigest()


def _sampler(data):
    from torchdata.stateful_dataloader.sampler import StatefulDistributedSampler

    return StatefulDistributedSampler(data, shuffle=True, seed=7)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
