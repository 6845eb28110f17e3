"""The domain: Lambda's values and rules. Pure: no I/O, no clock, no chance, no event loop."""
