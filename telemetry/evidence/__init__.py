"""Evidence for an auditor: decisions of a period in one signed file, and how to check such a file."""
