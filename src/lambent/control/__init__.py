"""The control plane: use cases that describe functions, on the Store."""
