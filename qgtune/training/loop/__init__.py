"""One trial's training: epochs, steps, schedules, early stopping, checkpoints, what is kept for the next."""
