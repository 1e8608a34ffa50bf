"""A typed tree -> a linked one: what follows what, in an order in which all that is read is known before."""
