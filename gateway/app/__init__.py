"""The composition root: configuration, daemon, commands, demo."""
