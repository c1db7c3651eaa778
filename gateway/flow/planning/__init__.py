"""What follows from a decision, from a person's word or from the end of a delivery, in the same commit as its cause."""
