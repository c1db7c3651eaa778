"""What is to be done with a document whose patient is known or not: pure, and told with its reason."""
