"""`flask demo …`: the demo community, modelled on a real one's structure and numbers; every name is invented."""
