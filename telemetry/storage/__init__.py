"""The database: its tables, how it is opened, and everything that writes to it."""
