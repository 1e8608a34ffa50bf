"""What a study has come to: records, importances, pictures."""
