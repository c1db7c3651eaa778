"""One document to one destination: send and look up."""
