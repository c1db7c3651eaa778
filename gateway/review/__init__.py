"""What a person may do with a quarantined document."""
