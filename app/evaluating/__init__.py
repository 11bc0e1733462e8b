"""Judging answers after they were given: who judges, how a day's work is done, and what is asked for it."""
