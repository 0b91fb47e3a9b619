"""The region graph and its distances, in memory and on disk."""
