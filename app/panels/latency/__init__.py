"""What the page Latency & reliability draws."""
