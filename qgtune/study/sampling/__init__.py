"""How trials are drawn, and how they are stopped early."""
