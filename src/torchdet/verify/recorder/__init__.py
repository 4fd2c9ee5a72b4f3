"""What runs inside a verified program: it watches, and writes a trace.

``session`` holds a process's recording and starts it; ``dispatch_recorder`` sees the operations of
a thread; ``optimizer_steps``, ``module_calls`` and ``compiled_regions`` see what their names say.
All of them ask ``tensor_digest`` for the bits, ``call_sites`` for the place, ``operation_plan`` for
what an operation does with its arguments, and write through ``torchdet.verify.trace``.

Nothing here may change what the program computes: no operation on the program's tensors but
reading, no draw from a generator, and no waiting for an accelerator outside ``digest_queue``.
"""
