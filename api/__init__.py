"""The JSON API: parse, authenticate, call one verb, serialise."""
