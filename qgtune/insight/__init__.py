"""What a compiled space shows to people: explanations, graphs, differences, previews, starter sets."""
