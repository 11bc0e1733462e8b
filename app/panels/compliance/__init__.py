"""What the page Compliance draws."""
