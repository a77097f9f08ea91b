"""What goes wrong in a sandbox when asked to: faults, when they strike, and each vendor's words."""
