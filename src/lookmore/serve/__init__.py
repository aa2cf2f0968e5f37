"""One page and a small API around a student: search, compare, enrol."""
