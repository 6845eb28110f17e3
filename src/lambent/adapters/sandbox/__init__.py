"""Sandboxes at three isolation levels behind one port: native, bwrap, process."""
