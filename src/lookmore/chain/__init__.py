"""A recipe, stage after stage, into a run folder."""
