"""The charts, all in one style; `style` is what they share. Each returns a figure and draws nothing."""
