"""One file format; the only thing that evaluation and use read."""
