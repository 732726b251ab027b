"""One file for each command: its flags, its help text and the checks that need no model."""
