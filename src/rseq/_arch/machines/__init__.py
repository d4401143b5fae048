"""The architectures: one file for each, named as `platform.machine()` says, with what it is as `ARCHITECTURE`."""
