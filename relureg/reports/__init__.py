"""Results as JSON documents, and these documents as tables.

Begin with `report.py`.
"""
