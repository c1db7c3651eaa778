"""HPRIM and HL7 v2: messages that speak of the documents they carry."""
