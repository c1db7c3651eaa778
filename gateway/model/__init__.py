"""Frozen values, the closed list of reasons, the life-cycle tables and the ports. Knows nothing else."""
