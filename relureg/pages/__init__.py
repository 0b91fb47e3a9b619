"""Pages for a browser: results as a notebook shows them, and the explorer of a complex.

Begin with `results.py`.
"""
