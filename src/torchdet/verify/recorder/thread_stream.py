"""The stream of one thread: numbers its operations, names their sites, and queues its records."""

from __future__ import annotations

from dataclasses import dataclass
from types import CodeType, FrameType

import torch

from torchdet.verify.recorder.call_sites import program_frame, program_stack, runs_for_autograd
from torchdet.verify.recorder.digest_queue import DigestQueue
from torchdet.verify.recorder.generators import GeneratorWatch, generator_name
from torchdet.verify.recorder.operation_plan import OperationPlan
from torchdet.verify.trace.records import Phase, Seeding, Site
from torchdet.verify.trace.stream_writer import StreamWriter

_MOST_FORWARD = 200_000

_SiteKey = tuple[object, CodeType | None, int, int, Phase]


@dataclass(frozen=True, slots=True)
class ForwardOperation:
    """What a backward operation is the gradient of."""

    sequence: int
    site: int


class ThreadStream:
    """What is known of a thread while it records."""

    def __init__(self, writer: StreamWriter, generators: GeneratorWatch) -> None:
        self.writer = writer
        self.queue = DigestQueue(writer)
        self.sequence = 0
        self.is_gap = True
        self._generators = generators
        self._sites: dict[_SiteKey, int] = {}
        self._stacks: dict[int, Site] = {}
        self._forward: dict[int, ForwardOperation] = {}
        self._seeds: dict[int, int | None] = {}

    def site(
        self,
        operation: OperationPlan,
        phase: Phase,
        frame: FrameType,
        forward: ForwardOperation | None,
    ) -> int:
        """The number of the site of an operation that ``frame`` has called."""
        near = program_frame(frame)
        code, instruction = (None, 0) if near is None else (near.f_code, near.f_lasti)
        key = (operation, code, instruction, 0 if forward is None else forward.site, phase)
        number = self._sites.get(key)
        if number is None:
            stack = program_stack(near)
            if forward is not None and runs_for_autograd(frame):
                stack = self._stacks[forward.site].stack or stack
            site = Site(operation.name, operation.kind, phase, stack)
            number = self._sites[key] = self.writer.site(site)
            self._stacks[number] = site
        return number

    def forward_of(self, node_sequence: int) -> ForwardOperation | None:
        """The operation whose gradient an autograd node with this number computes."""
        return self._forward.get(node_sequence)

    def ran_forward(self, node_sequence: int, site: int) -> None:
        """The operation that runs now is the first since autograd made the node of this number."""
        if node_sequence not in self._forward:
            self._forward[node_sequence] = ForwardOperation(self.sequence, site)
            if len(self._forward) > _MOST_FORWARD:  # graphs of long ago are freed
                for old in list(self._forward)[: _MOST_FORWARD // 2]:
                    del self._forward[old]

    def draws(self, generator: torch.Generator | None) -> None:
        """An operation draws: note the generator's seed if it is another than before."""
        if generator is None:
            return
        seed = self._generators.seed_of(generator)
        # A generator has no name; that of its state's owner is the same object while it lives.
        if self._seeds.get(id(generator), 0) != seed or id(generator) not in self._seeds:
            self._seeds[id(generator)] = seed
            self.writer.seeding(Seeding(self.sequence, generator_name(generator), seed))
