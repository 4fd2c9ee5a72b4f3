"""Real programs for CUDA on a machine without it: before, and under both modes of redirection.

    python bench/redirect_clients.py FOLDER [--client NAME ...] [--clone NAME=REPOSITORY ...]

Each client's repository is unpacked at its pinned commit into FOLDER, from GitHub or from a clone
that is already on this machine, and run for a few steps: as it is, redirected, and redirected in
masquerade. What a client needs beside its repository is written by its preparation; libraries have
to be installed, and a client whose libraries are missing is skipped. The table says how each run
ended. The status is 1 if a redirected run failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

PATIENCE = 300
RUN = ("-m", "torchdet", "run")
WAYS = {"before": (), "honest": (*RUN, "--redirect"), "masquerade": (*RUN, "--masquerade")}


@dataclass(frozen=True, slots=True)
class Client:
    """A program of somebody else's; ``arguments`` are those of Python, in ``cwd``.

    ``ranks`` starts it with torchrun. ``preparation`` is Python code that writes data first.
    """

    name: str
    arguments: tuple[str, ...]
    repository: str = ""
    commit: str = ""
    cwd: str = "."
    ranks: int = 0
    needs: tuple[str, ...] = ()
    preparation: str = ""


NANOGPT_DATA = """
import pickle, pathlib, numpy
folder = pathlib.Path("data/bench"); folder.mkdir(exist_ok=True)
for part in ("train", "val"):
    (numpy.arange(2000) % 50).astype(numpy.uint16).tofile(folder / f"{part}.bin")
(folder / "meta.pkl").write_bytes(pickle.dumps({"vocab_size": 50, "stoi": {}, "itos": {}}))
"""

# Its hyperparameters need TensorFlow 1, its training a data set of speech: model, loss and step.
TACOTRON2 = """
import ast, pathlib, sys, types, torch

for name in ("librosa", "librosa.filters", "librosa.util"):  # for sound files: there are none
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(mel=None, util=None, pad_center=None, tiny=None)
from model import Tacotron2
from loss_function import Tacotron2Loss

names = {}
for call in ast.walk(ast.parse(pathlib.Path("hparams.py").read_text())):
    if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "HParams":
        for each in call.keywords:
            try:
                names[each.arg] = ast.literal_eval(each.value)
            except ValueError:
                pass
model = Tacotron2(types.SimpleNamespace(**names, n_symbols=148)).cuda()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
batch = (torch.randint(148, (2, 9)), torch.tensor([9, 7]), torch.randn(2, 80, 12),
         torch.zeros(2, 12), torch.tensor([12, 10]))
for _ in range(2):
    x, y = model.parse_batch(batch)
    loss = Tacotron2Loss()(model(x), y)
    loss.backward()
    optimizer.step()
"""

# The package imports torchvision for images; its trainer of sequences does without.
DIFFUSION = """
import sys, types, torch
package = types.ModuleType("denoising_diffusion_pytorch")
package.__path__ = ["denoising_diffusion_pytorch"]
sys.modules[package.__name__] = package
from denoising_diffusion_pytorch.denoising_diffusion_pytorch_1d import (
    Dataset1D, GaussianDiffusion1D, Trainer1D, Unet1D)

model = Unet1D(dim=8, dim_mults=(1, 2), channels=2)
diffusion = GaussianDiffusion1D(model, seq_length=16, timesteps=4).cuda()
trainer = Trainer1D(diffusion, dataset=Dataset1D(torch.rand(16, 2, 16)), train_batch_size=4,
                    train_num_steps=2, save_and_sample_every=2, num_samples=1)
trainer.train()
"""

LIGHTNING = """
import lightning, torch
from lightning.pytorch.demos.boring_classes import BoringModel

lightning.Trainer(max_steps=2, logger=False, enable_progress_bar=False).fit(BoringModel())
"""

TRANSFORMERS = """
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=8))
data = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(4)]
options = TrainingArguments("out", max_steps=2, save_steps=1, report_to=[])
Trainer(model=model, args=options, train_dataset=data).train()
"""

EXAMPLES = ("pytorch/examples", "77f55b912142e11fcfdf5b530231fb9c52f181e8")
NANOGPT = "--device=cuda --compile=False --dataset=bench --max_iters=2 --eval_iters=1"
SMALL = "--block_size=16 --batch_size=2 --n_layer=1 --n_head=2 --n_embd=16 --eval_interval=1"

CLIENTS = (
    Client("nanoGPT", ("train.py", *NANOGPT.split(), *SMALL.split()), "karpathy/nanoGPT",
           "3adf61e154c3fe3fca428ad6bc3818b27a3b8291", preparation=NANOGPT_DATA),
    Client("minGPT", ("projects/adder/adder.py", "--trainer.max_iters=2", "--trainer.device=cuda",
                      "--trainer.num_workers=0", "--data.ndigit=3"),
           "karpathy/minGPT", "37baab71b9abea1b76ab957409a1cc2fbfba8a26"),
    Client("examples, one GPU", ("single_gpu.py", "1", "1"), *EXAMPLES,
           cwd="distributed/ddp-tutorial-series"),
    Client("examples, two GPUs", ("multigpu_torchrun.py", "1", "1"), *EXAMPLES,
           cwd="distributed/ddp-tutorial-series", ranks=2),
    Client("tacotron2", ("bench_client.py",), "NVIDIA/tacotron2",
           "185cd24e046cc1304b4f8e564734d2498c6e2e6f", needs=("scipy",),
           preparation=TACOTRON2),
    Client("diffusion", ("bench_client.py",), "lucidrains/denoising-diffusion-pytorch",
           "faed4db28e724735323fa91c70aa9b28a6e1cbac",
           needs=("accelerate", "einops", "ema_pytorch"), preparation=DIFFUSION),
    Client("accelerate", ("-m", "accelerate.test_utils.scripts.test_script"),
           needs=("accelerate",)),
    Client("Lightning", ("bench_client.py",), needs=("lightning",), preparation=LIGHTNING),
    Client("HF Trainer", ("bench_client.py",), needs=("transformers", "accelerate"),
           preparation=TRANSFORMERS),
)  # fmt: skip


def main() -> int:
    """Run the chosen clients and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--client", action="append", choices=[each.name for each in CLIENTS])
    parser.add_argument("--clone", action="append", default=[], metavar="NAME=REPOSITORY")
    options = parser.parse_args()
    clones = dict(each.split("=", 1) for each in options.clone)
    failed = False
    print("| client | command | before | honest | masquerade |\n|---|---|---|---|---|")
    for client in CLIENTS:
        if options.client and client.name not in options.client:
            continue
        outcomes = list(_outcomes(client, options.folder.resolve(), clones))
        failed |= any(each.startswith("fails") for each in outcomes[1:])
        command = " ".join(client.arguments).partition(" --")[0]
        print(f"| {client.name} | `{command}` | {' | '.join(outcomes)} |", flush=True)
    return int(failed)


def _outcomes(client: Client, folder: Path, clones: dict[str, str]) -> Iterator[str]:
    missing = [name for name in client.needs if importlib.util.find_spec(name) is None]
    if missing:
        yield from [f"skipped: no {missing[0]}"] * len(WAYS)
        return
    place = folder / client.name.replace(" ", "-").replace(",", "")
    _unpack(client, place, clones)
    place /= client.cwd
    (place / "bench_client.py").write_text(client.preparation)
    if client.preparation and "bench_client.py" not in client.arguments:
        subprocess.run([sys.executable, "bench_client.py"], cwd=place, check=True)
    for way in WAYS.values():
        yield _run(client, place, way)


def _unpack(client: Client, place: Path, clones: dict[str, str]) -> None:
    if place.exists():
        return
    place.mkdir(parents=True)
    if not client.repository:
        return
    clone = clones.get(client.repository.partition("/")[2])
    if clone is None:
        clone = str(place.with_suffix(".git"))
        address = f"https://github.com/{client.repository}"
        subprocess.run(["git", "clone", "--quiet", "--bare", address, clone], check=True)
    listing = subprocess.run(
        ["git", "-C", clone, "archive", client.commit, "--", client.cwd],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    with tarfile.open(fileobj=BytesIO(listing.stdout)) as archive:
        archive.extractall(place, filter="data")


def _run(client: Client, place: Path, way: tuple[str, ...]) -> str:
    command = [sys.executable, *way]
    if client.ranks:
        launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", str(client.ranks))
        command += ["-m", *launcher]
    path = os.pathsep.join(filter(None, (str(place), os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [*command, *client.arguments],
            cwd=place, capture_output=True, text=True, timeout=PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"fails: not done in {PATIENCE} s"
    if done.returncode == 0:
        return "runs"
    errors = [line for line in done.stderr.splitlines() if "Error: " in line]
    reason = errors[0].partition("]:")[2] or errors[0] if errors else f"status {done.returncode}"
    return f"fails: {reason.strip()[:90]}"


if __name__ == "__main__":
    sys.exit(main())
