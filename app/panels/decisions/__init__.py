"""What the page Decisions draws."""
