"""Answers that carry their proof: a file that a small program checks without trusting relureg.

Begin with `proof_writer.py`; `checker.py` is the checker, a program by itself, which imports nothing of relureg.
"""
