"""What stands on pages: text, pictures, symbols."""
