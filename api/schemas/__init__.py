"""What goes in and out over HTTP: bounds on every field, unknown fields refused."""
