"""Where studies are kept, who works on them, and what a killed process leaves there."""
