"""The legs: whether a document may go to a destination, how it is frozen, what an answer changes."""
