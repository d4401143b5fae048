"""From a function's syntax tree to operations, or to what is refused and why.

`parse.py` is the door: it reads the signature, makes the `Scope` of a function, and has its statements read.
Each part is a module of functions that take that scope and a node:

    statements    if, loops, return, raise      assignments   to locals and to memory
    expressions   what all others ask: the meaning of an expression, brought to a type
    names         constants, locals, modules    arithmetic    operators on numbers
    memory        fields, elements, indices     conditions    comparisons, and, or, not
    operations    what is written as a call     crossing      those that cross CPUs
    copies        rseq.copy()                   calls         of sequences, routines, inline functions

`expressions` finds the part for a node in a table that `parse.py` makes and the scope holds, so that a part imports
only those that it asks by name. An inline function is read with a scope of its own, which writes to the same `Output`.
"""
