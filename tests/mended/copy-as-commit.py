import rseq
from rseq import i64, prepared, u8, u64


class Message(rseq.Record):
    length: u64
    text: prepared[u8[16]]
    draft: prepared[u8[16]]
    sent: i64


@rseq.sequence
def send(cpu: Message, data: bytes) -> None:
    rseq.copy(cpu.draft, data, len(data))
    rseq.copy(cpu.text, data, len(data))
    cpu.length = len(data)


def example() -> None:
    storage = rseq.percpu(Message)
    send.bind(storage)(b"mended")
    lane = storage.per_cpu()[storage.per_cpu()["length"] > 0]
    assert bytes(lane["text"][0][:6]) == b"mended"
