"""Value sets with their versions, and look-ups."""
