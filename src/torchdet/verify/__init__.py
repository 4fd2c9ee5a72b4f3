"""``torchdet verify``: runs a program twice and names the first operation that gives other bits.

The way of a verification::

    cli.verify -> ladder -> program_run: the program, with ``startup`` first on PYTHONPATH
                     |         `-> torchdet/startup -> recorder_start -> recorder -> trace
                     |-> comparison: reads both traces, the second while it grows
                     `-> verdict -> static_match (advice) -> presentation

``recording_spec``
    What a process is asked to record. It is all that the two sides share besides the trace.
``recorder``
    Runs in the program's processes; imports torch, xxhash and ``trace``, nothing else of torchdet.
``trace``
    The format: written by the recorder, read by everything else.
``comparison``
    Two traces side by side. Its decisions are pure functions over records, in ``causes``.
``ladder``
    Which runs are made: steps first, then the operations of the first step that differs, then the
    values of the operation that does.
``verdict``
    The result as frozen data. Every report is a renderer of it in ``presentation``.
``static_match``
    What lint and the catalogue know about a finding. The only module here that loads the linter.

To add a report, write a module in ``presentation`` with a ``render`` and name it in the table of
its ``__init__``. To run under other conditions, build ``Verification`` with another command or
environment, as ``variation`` does. ``recorder.recording_block`` records in code:
``trace_block`` and ``repetition``, which serves the pytest plugin, use it.
"""
