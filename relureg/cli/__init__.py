"""The command line, the only room that knows click: each command parses, calls, renders and exits.

Begin with `main.py`.
"""
