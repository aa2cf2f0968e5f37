"""One step, one loop, schedules and the run log."""
