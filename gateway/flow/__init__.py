"""The use cases, each a page; the only room that joins the others."""
