"""Recognition and openness: the month's summary, the notice board, certificates, a year of service, a street's view."""
