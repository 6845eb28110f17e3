"""The data plane: the running system, from the front door to the sandbox."""
