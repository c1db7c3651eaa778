"""CDA documents and the IHE_XDM archives that carry them."""
