"""What benchmarks share: how time is taken, and how figures are told."""
