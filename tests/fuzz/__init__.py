"""Programs that nobody would write, checked by every rule: `python -m tests.fuzz --help`.

A program is bytes. Lines `#: name.py` divide it into the modules of a project.
"""
