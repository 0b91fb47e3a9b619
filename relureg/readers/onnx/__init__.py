"""ONNX, read and written: a walk over the graph, and one small function for each operator.

Begin with `graph_walk.py`.
"""
