"""INS, normalisation, identity in free text, and the match of a claim with the patients."""
