"""Pictures of complexes in one, two and three dimensions, and over training.

Begin with `draw.py`.
"""
