"""The topology of a network: level sets, their sides and the regions of classes, by exact chains of faces. Begin with
decision_topology.py.
"""
