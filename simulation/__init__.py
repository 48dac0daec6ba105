"""Seeded schedules: the real domain in a world of one process, where time is virtual and everything goes wrong that can."""
