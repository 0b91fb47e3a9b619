"""Exact arithmetic: rational matrices, elimination, double description.

Begin with `rational.py`.
"""
