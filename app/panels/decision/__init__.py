"""What the page Decision draws."""
