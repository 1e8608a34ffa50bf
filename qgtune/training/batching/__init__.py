"""Parts of a data set, and the batches that they are cut into."""
