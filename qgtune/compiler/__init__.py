"""The compiler: three documents in, one Plan out. One pass a module.

    tuning     a tuning file -> its settings and the texts that it names
    load       files -> texts
    forms      the spellings of a parameter -> its domain
    build      search space over base settings -> typed tree
    mismatches what is said where the two do not fit
    expand     dependency map -> targets and what they follow
    place      targets -> references in the tree
    link       references -> concrete sources in topological order
    plan       linked tree -> Plan
    probe      configs at the corners of the space, resolved before the first trial
    task_check what a task's schema says of them
    emit       config -> the files that people keep

``pipeline`` runs the passes in their order, ``prepare`` all that can be known from a tuning file alone, and
``cache`` keeps compilations while their files stay as they are.
"""
