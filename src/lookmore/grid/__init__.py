"""Many runs of one recipe, method by method: the same data, schedule and seeds for everyone."""
