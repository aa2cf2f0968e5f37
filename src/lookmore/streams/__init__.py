"""A backbone with its preprocessing and head: images to embeddings and class scores."""
