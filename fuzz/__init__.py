"""Fuzzing the compiler: mutated files in, a plan or diagnostics out, and never a traceback.

``python -m fuzz.compile`` runs it; ``projects`` are what is mutated, ``mutations`` how, ``verdicts`` what is
asked of the compiler, ``processes`` runs it where it can be killed, and ``shrinking`` makes a failure small.
"""
