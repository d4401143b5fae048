"""Read-copy-update: many readers who never wait, and a writer who replaces what they read."""

from rseq._structures.rcu.rcu import RCU

__all__ = ["RCU"]
