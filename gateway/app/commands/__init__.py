"""The commands of DESIGN §7, one module each; every one returns its exit code."""
