"""Three documents -> one typed tree: what is written, in whichever form, laid over the base settings."""
