"""The rules engine over the files of the rules folder."""
