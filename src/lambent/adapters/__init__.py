"""Driven adapters: they know the core, nothing else, and not one another."""
