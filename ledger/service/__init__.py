"""Service: programmes with versioned rules, activities, codes, check-ins with evidence, stamps that award."""
