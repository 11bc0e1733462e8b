"""What the page Policy draws."""
