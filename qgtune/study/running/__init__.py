"""A run: workers, and the supervisor that hands out trials to them."""
