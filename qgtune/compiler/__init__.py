"""The compiler: three documents in, one Plan out. One pass a module.

load    files -> documents
forms   the spellings of a parameter -> its domain
build   search space over base settings -> typed tree
expand  dependency map -> references at their targets
link    references -> concrete sources in topological order
check   what the task's schema says about every value that can be sampled
plan    linked tree -> Plan
emit    config -> the files that people keep
"""
