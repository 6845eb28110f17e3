"""Fakes of every port, shipped, and held to the same contract suites as the real adapters."""
