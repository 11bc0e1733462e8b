"""What every page of the dashboard is built of: the frame, its parts, and how they ask the store and the gateway."""
