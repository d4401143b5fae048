"""How each structure of the package is stressed, and what a process may leave of it that is killed; found by folder.

A file for each, called as the structure's own. `workloads()` says how it is stressed, `mortals()` how processes die.
"""
