"""What is told outward: to which endpoints, and how it is sent."""
