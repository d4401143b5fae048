"""Messages from many threads to one: each CPU has a list, and the reader takes a whole list with one commit.

Pushing links a row in front; taking names the first row and empties the list. The newest comes first.
"""

from __future__ import annotations

import rseq
from rseq import i64, index


class Message(rseq.Record):
    next: index[Message]
    value: i64


class Inbox(rseq.Record):
    first: index[Message]


@rseq.sequence
def push(cpu: Inbox, message: index[Message], value: i64) -> None:
    """Send a message that nobody else has."""
    message.value = value
    message.next = cpu.first
    cpu.first = message


@rseq.sequence
def take_all(cpu: Inbox) -> index[Message] | None:
    """The newest message of this CPU, with those before it behind it; None if there is none. Then there is none."""
    first = cpu.first
    if first is None:
        return None
    cpu.first = None
    return first


CHECKED = {"mpsc": [push, take_all]}


def main() -> None:
    """Three messages, from the newest on."""
    inboxes, messages = rseq.percpu(Inbox), rseq.array(Message, 3)
    send, receive = push.bind(inboxes, messages), take_all.bind(inboxes, messages)
    for number, message in enumerate(messages):
        send(message, 10 * number)
    first, found = receive(), []
    while first is not None:
        found.append(first["value"])
        first = messages.row_of(first["next"])
    print(found)


if __name__ == "__main__":
    main()
