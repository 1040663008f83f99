"""`make bench`: our paths and their limits in turn on this machine, and only the ratios between them.

docs/performance.md says what each row means; /tests/test_bench.py that the limits write the same rows as our verbs.
"""
