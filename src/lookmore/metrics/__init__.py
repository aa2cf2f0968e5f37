"""Pure functions on arrays: identification, retrieval, verification, accuracy, intervals."""
