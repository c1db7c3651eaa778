"""From the world into vault and ledger."""
