"""What building the models of a search space shows: dims that do not meet, and maps that mend them."""
