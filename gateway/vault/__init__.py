"""Encrypted bytes, durable before put returns."""
