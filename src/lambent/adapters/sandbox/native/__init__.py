"""Isolation level `native`: namespaces, control groups, seccomp and no capabilities, held by a privileged helper, the warden."""
