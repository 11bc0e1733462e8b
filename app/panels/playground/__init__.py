"""What the page Playground draws."""
