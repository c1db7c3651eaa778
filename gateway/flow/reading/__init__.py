"""What is asked of the confined processes, and what they do: mails read, scans looked at, a CDA judged."""
