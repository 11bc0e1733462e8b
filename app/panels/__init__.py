"""What one page alone draws: its cards, and what they say. The pages arrange them."""
