"""Calls of ``torch.cuda`` answered on machines without CUDA, while redirection is on.

The override protocol sees operations on tensors and nothing of ``torch.cuda``, of ``torch.load``,
of generators and streams. So for as long as at least one block redirects, those names of torch
hold a stand-in. The reasons for this mechanism over others:

- A stand-in asks who calls: a thread that does not redirect, a machine that has CUDA, and
  torch's own code get the original's answer, so a block changes nothing for anybody else.
- What was there is put back by identity when the last block is left, whatever happened inside.
- A class is stood in for by a class: ``isinstance``, annotations and subclassing go on working.
- Wrapping the module in ``sys.modules`` would miss ``torch.cuda`` as an attribute, and would
  change what ``torch`` itself sees.

A name that a program bound before it entered the block (``from torch.cuda import synchronize``)
is the original and stays it. The process-wide switch enters before the program's first line.
"""
