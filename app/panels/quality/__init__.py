"""What the page of quality alone draws."""
