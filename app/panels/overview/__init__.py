"""What the page Overview draws."""
