"""``torchdet fix --migrate``: a whole project moved onto the runtime's handle.

Three phases, and only plain data between them. ``survey`` parses one file, lets the rules find
what is to be migrated and the codemods say how, and returns spans and texts. ``plan`` is pure: it
looks at the surveys of all files and decides which changes are made and which are refused.
``rewrite`` makes the changes of one file. The phases repeat until nothing is left to change.
"""
