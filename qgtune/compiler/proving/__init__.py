"""What can be proved of a Plan before the first trial, by looking at configs that it gives."""
