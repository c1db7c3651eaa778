"""The patient record's inlets: HL7 v2 over MLLP, or a folder."""
