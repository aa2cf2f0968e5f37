"""Checkpoint and images in, report out."""
