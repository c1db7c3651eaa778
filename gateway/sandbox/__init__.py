"""A DMP and a DPI to try and train with."""
