"""The weekly report: what is in it, how it is said, and how it is written."""
