"""Answers that carry their proof, which a small program checks.

Begin with `proof_writer.py`; `checker.py` is the checker, a program by itself, which imports nothing of relureg.
"""
