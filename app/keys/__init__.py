"""The keys by which applications are known to the gateway."""
