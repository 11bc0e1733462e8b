"""What the page Escalations draws."""
