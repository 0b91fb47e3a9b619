"""Topology: level sets, their sides, the regions of classes, by chains of faces.

Begin with `decision_topology.py`.
"""
