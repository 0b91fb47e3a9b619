"""Runs in batches, for work beyond one sitting or one machine: journal, schedulers, estimate.

Begin with `driver.py`.
"""
