"""Finding resources."""
