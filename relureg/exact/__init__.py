"""Exact arithmetic: rational matrices, elimination, double description."""
