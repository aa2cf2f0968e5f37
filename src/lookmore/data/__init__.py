"""Images on disk become labelled, split and packed tensors."""
