"""The trace of a run: a folder for each process, in it the files of each thread's stream.

``header.json``
    The version of the format, the process's key and command, and its environment.
``STREAM.operations``
    Records of one size, in the order in which the operations ran. See ``records``.
``STREAM.steps``
    Records of one size, one for each step of an optimizer.
``STREAM.sites``
    JSON lines: what the numbers of call sites in the records mean, and other notes.

Files grow while the program runs, and can be read meanwhile: what a killed process has written
stays. A record whose site is 0 has not been written yet.
"""
