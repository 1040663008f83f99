"""Detectors: they read everything and write only flags. A flag holds a line for a while; it never deletes one."""
