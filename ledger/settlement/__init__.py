"""Settlement: weeks, one statement per merchant and week, its lines and files."""
