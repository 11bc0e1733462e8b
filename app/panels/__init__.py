"""What one page alone draws, a folder a page: its cards, and what they say. The pages arrange them."""
