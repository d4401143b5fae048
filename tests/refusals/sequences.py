"""A systems engineer writes records and sequences, and binds them."""

from __future__ import annotations

from refusals.made import Refusal

ROWS = [
    Refusal(
        TypeError,
        """
        class Account(rseq.Record):
            total: int
        """,
        "got <class 'int'>; write i64 for an int",
        """
        class Account(rseq.Record):
            total: i64

        assert rseq.percpu(Account).per_cpu()["total"].sum() == 0
        """,
    ),
    Refusal(
        TypeError,
        """
        class Account(rseq.Record):
            owner: str
        """,
        "write u8[16] for up to 16 bytes, such as those of an encoded str",
        """
        class Account(rseq.Record):
            owner: u8[16]

        assert rseq.percpu(Account).per_cpu()["owner"].shape[1:] == (16,)
        """,
    ),
    Refusal(
        TypeError,
        """
        add(1)
        """,
        "bind it, as in `bound = add.bind(rseq.percpu(Cell))`, and call `bound(…)`",
        """
        storage = rseq.percpu(Cell)
        bound = add.bind(storage)
        bound(1)
        assert storage.per_cpu()["value"].sum() == 1
        """,
    ),
    Refusal(
        TypeError,
        """
        bound = add.bind(Cell)
        """,
        "add.bind() takes storage made by rseq.percpu(…)",
        """
        bound = add.bind(rseq.percpu(Cell))
        bound(1)
        """,
    ),
    Refusal(
        TypeError,
        """
        cell = Cell()
        """,
        "make storage for it with rseq.percpu(Cell)",
        """
        cell = rseq.percpu(Cell)
        add.bind(cell)(1)
        """,
    ),
    Refusal(
        TypeError,
        """
        storage = rseq.percpu(Cell)
        storage[0]
        """,
        "write storage.per_cpu()[cpu]",
        """
        storage = rseq.percpu(Cell)
        assert storage.per_cpu()[0]["value"] == 0
        """,
    ),
    Refusal(
        TypeError,
        """
        bound = add.bind(rseq.percpu(Cell))
        bound(1, by=2)
        """,
        "add() has no parameter called 'by'; it has n",
        """
        bound = add.bind(rseq.percpu(Cell))
        bound(n=2)
        """,
    ),
    Refusal(
        TypeError,
        """
        import pickle
        bound = add.bind(rseq.percpu(Cell))
        pickle.dumps(bound)
        """,
        "pass the storage, made in an rseq.Segment, and bind to it in the process that uses it",
        """
        import pickle
        storage = rseq.percpu(Cell, segment="shop")
        bound = add.bind(pickle.loads(pickle.dumps(storage)))
        bound(1)
        assert storage.per_cpu()["value"].sum() == 1
        """,
    ),
    Refusal(
        TypeError,
        """
        from rseq.testing import assert_restartable
        assert_restartable(add.bind(rseq.percpu(Cell)))
        """,
        "expected a sequence, a routine or a structure's class",
        """
        from rseq.testing import assert_restartable
        assert_restartable(add)
        """,
    ),
]
