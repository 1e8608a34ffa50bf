"""A linked tree -> a Plan: the steps of a trial, and nothing else."""
