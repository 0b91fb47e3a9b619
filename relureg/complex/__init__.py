"""From activation regions to the object that people ask questions of: figures, facets, faces, geometry, checks.

Begin with `complex.py`.
"""
