"""Is a CDA valid: against the schema, the "structuration minimale" and its content model's own schematron.

The ANS's files are not ours to ship: they are found in the folder where the hospital unpacks its package.

    package: what the folder holds ── judge: one document ─┬─ schema: XSD, in French
                                                           └─ schematron: ISO schematron → XSLT ── saxon: runs it
"""
