"""Trains a small GPT on the CPU: the program whose slow-down ``verify_overhead.py`` measures.

Prints one JSON object: CPU seconds a step, and the peak memory in MiB ten times on the way.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import time

import torch
from torch import nn


class Block(nn.Module):
    """A layer of a transformer, attention first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width)
        self.attention = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attend, then feed forward, each beside the residual."""
        batch, length, width = x.shape
        parts = self.attention(self.norm_1(x)).split(width, dim=2)
        query, key, value = (
            part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts
        )
        scores = query @ key.transpose(-2, -1) / (width / self.heads) ** 0.5
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        attended = scores.masked_fill(~mask, float("-inf")).softmax(-1) @ value
        x = x + self.projection(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.feed_forward(self.norm_2(x))


class SmallGPT(nn.Module):
    """Embeddings, blocks and a head over a vocabulary of 256."""

    def __init__(self, layers: int, width: int, length: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(256, width)
        self.positions = nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, 4) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 256)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits of the next tokens."""
        positions = torch.arange(tokens.shape[1])
        return self.head(self.norm(self.blocks(self.tokens(tokens) + self.positions(positions))))


def main() -> None:
    """Train and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--debug-mode", action="store_true", help="under torch's DebugMode")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = SmallGPT(options.layers, options.width, options.length)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    data = torch.randint(256, (options.batch, options.length + 1))

    def step() -> None:
        logits = model(data[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), data[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    watched = contextlib.ExitStack()
    if options.debug_mode:
        from torch.utils._debug_mode import DebugMode

        watched.enter_context(DebugMode())
        watched.enter_context(DebugMode.log_tensor_hashes())
    seconds, memory = [], []
    with watched:
        for _ in range(3):
            step()
        for number in range(options.steps):
            start = time.process_time()
            step()
            seconds.append(time.process_time() - start)
            if number % max(1, options.steps // 10) == 0:
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    seconds.sort()
    print(json.dumps({"seconds": seconds[len(seconds) // 2], "memory": memory}))


if __name__ == "__main__":
    main()
