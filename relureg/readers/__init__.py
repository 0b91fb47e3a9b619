"""From files and objects of other libraries to networks, points and domains; one module or room a format.

Begin with `formats.py`.
"""
