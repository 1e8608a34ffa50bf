"""What every other room stands on: errors, paths, diagnostics, registries. Standard library only."""
