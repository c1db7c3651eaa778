"""The gateway: from MSSanté mail to the patient's record and the DMP."""
