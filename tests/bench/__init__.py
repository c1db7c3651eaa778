"""``make bench``: speed as a ratio to a floor measured in the same run. It prints a table and asserts nothing."""
