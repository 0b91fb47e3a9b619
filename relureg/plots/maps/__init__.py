"""Pictures of local maps."""
