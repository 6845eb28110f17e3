"""What sandboxed code talks to: the HTTP Runtime API and the frame protocol."""
