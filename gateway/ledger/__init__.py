"""Tables, migrations, every query, and the queue."""
