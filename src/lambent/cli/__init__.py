"""The command line: an HTTP client of the API, but for `start` and `doctor`."""
