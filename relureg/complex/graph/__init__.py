"""The region graph and its distances, in memory and on disk.

Begin with `region_graph.py`.
"""
