"""Health, logs, the quarantine folder, indicators."""
