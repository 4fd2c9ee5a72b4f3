"""Functions and classes receive the handle: ``torchdet fix --migrate --inject parameters``.

Once every file is on the handle, each is outlined: its functions, its classes, what they call, and
which effects of the module's handle they use. ``reception`` decides over the whole project who
receives the handle and who passes it on; ``injected_edits`` writes that into each file.
"""
