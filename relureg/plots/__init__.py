"""Pictures of complexes: polygons from the complex's own vertices, never from a grid of pixels.

Begin with `canvas.py`.
"""
