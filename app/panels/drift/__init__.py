"""What the page Drift draws."""
