"""Answers that carry their proof: a file that a small program checks without trusting relureg.

Begin with `writer.py`; `check_proof.py` is the checker, which imports nothing of relureg.
"""
