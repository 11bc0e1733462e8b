"""What the page Cost draws."""
