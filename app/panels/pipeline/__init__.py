"""What the page Pipeline draws."""
