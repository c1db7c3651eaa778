"""Readers against bytes made to break them: ``python -m tests.fuzz [--target NAME] [--seconds S] [--seed N]``."""
