"""The gateway: the process that owns the router, and what it speaks over HTTP."""
