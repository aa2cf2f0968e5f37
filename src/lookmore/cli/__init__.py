"""The lookmore command."""
