"""A program as people write it for several GPUs and NCCL; it names no CPU and no Gloo.

`test_redirect_distributed.py` runs it with torchrun. Each rank writes a file of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import Shard, distribute_tensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def train(local_rank: int, device: torch.device) -> dict[str, object]:
    torch.manual_seed(0)
    torch.cuda.manual_seed_all(0)
    model = DistributedDataParallel(
        nn.Linear(4, 1).to(device), device_ids=[local_rank], output_device=local_rank
    )
    data = TensorDataset(torch.randn(64, 4), torch.randn(64, 1))
    sampler: DistributedSampler[object] = DistributedSampler(data)
    loader = DataLoader(data, batch_size=8, sampler=sampler, pin_memory=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, capturable=True)
    losses = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        total = torch.zeros(1, device="cuda")
        for inputs, targets in loader:
            x, y = inputs.cuda(local_rank, non_blocking=True), targets.to(f"cuda:{local_rank}")
            with torch.autocast("cuda", dtype=torch.bfloat16):
                loss = (model(x) - y).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        dist.all_reduce(total)
        losses.append(total.item())
    weights = torch.cat([each.detach().flatten() for each in model.parameters()])
    everywhere = [torch.empty_like(weights) for _ in range(dist.get_world_size())]
    dist.all_gather(everywhere, weights)
    return {"trained": losses[-1] < losses[0], "agree": torch.equal(*everywhere)}


def exchange(device: torch.device) -> dict[str, object]:
    gathered: list[object] = [None, None]
    dist.all_gather_object(gathered, dist.get_rank())
    box = [{"from": 0} if dist.get_rank() == 0 else None]
    dist.broadcast_object_list(box, src=0, device=device)
    groups = [dist.new_group([0, 1], backend=name) for name in ("nccl", "cpu:gloo,cuda:nccl")]
    total = torch.ones(1, device="cuda")
    for group in groups:
        dist.all_reduce(total, group=group)
    dist.barrier(device_ids=[device.index or 0])
    return {"gathered": gathered, "box": box, "total": total.item()}


def shard(folder: str) -> dict[str, object]:
    mesh = init_device_mesh("cuda", (2,))
    sharded = distribute_tensor(torch.ones(4, 2, device="cuda"), mesh, [Shard(0)])
    modules = [
        fully_shard(nn.Linear(4, 4).cuda(), mesh=mesh),
        fully_shard(nn.Linear(4, 4).cuda()),
        FullyShardedDataParallel(nn.Linear(4, 4).cuda(), device_id=torch.cuda.current_device()),
    ]
    for module in modules:
        module(torch.ones(1, 4, device="cuda")).sum().backward()
    state = {"model": modules[0].state_dict(), "step": torch.tensor(3, device="cuda")}
    dcp.save(state, checkpoint_id=folder)
    state["step"].zero_()
    dcp.load(state, checkpoint_id=folder)
    return {
        "sum": sharded.sum().full_tensor().item(),  # type: ignore[attr-defined]
        "gradients": [next(m.parameters()).grad is not None for m in modules],
        "step": state["step"].item(),
    }


def main() -> None:
    local_rank = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(local_rank)
    device = torch.device("cuda", local_rank)
    dist.init_process_group("nccl", device_id=device)
    answers = {
        "rank": dist.get_rank(),
        **train(local_rank, device),
        **exchange(device),
        **shard(f"{sys.argv[1]}/checkpoint"),
        "backend": dist.get_backend(),
        "type": torch.zeros(1, device=device).device.type,
    }
    Path(sys.argv[1], f"rank{dist.get_rank()}.json").write_text(json.dumps(answers))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
