"""A real listener on a real socket: order, limits, silence, junk, and a stop that loses nothing."""

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import pytest

from gateway.errors import BadSettings
from gateway.formats.hl7v2 import Message, acknowledge, parse
from gateway.mllp import Answer, Limits, Listener, Sender, framed, run_listener, serve

AT = datetime(2026, 9, 1, tzinfo=UTC)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


def adt(control_id: str, rest: bytes = b"") -> bytes:
    return b"MSH|^~\\&|EPD|||||||%s|T|2.5.1\rEVN|A20\r" % control_id.encode() + rest


def accept(message: bytes, _sender: Sender) -> bytes:
    return acknowledge(parse(message), "AA", [], control_id="1", at=AT)


@asynccontextmanager
async def listening(answer: Answer = accept, limits: Limits | None = None) -> AsyncIterator[tuple[Connect, Listener]]:
    listener = Listener(answer, limits=limits, clock=lambda: AT, new_id=lambda: "G")
    sock = socket.create_server(("127.0.0.1", 0))
    host, port = sock.getsockname()
    await listener.start(sock)
    opened: list[asyncio.StreamWriter] = []

    async def connect() -> Streams:
        streams = await asyncio.open_connection(host, port, limit=2**26)
        opened.append(streams[1])
        return streams

    try:
        yield connect, listener
    finally:
        for writer in opened:
            writer.close()
        await listener.stop()


async def received(reader: asyncio.StreamReader) -> Message:
    frame = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 20)
    assert frame.startswith(b"\x0b")
    return parse(frame[1:-2])


async def code_of(reader: asyncio.StreamReader) -> tuple[str | None, str | None]:
    message = await received(reader)
    return message.get("MSA-1"), message.get("MSA-2")


async def closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 20) == b""
    except ConnectionResetError:
        return True


def test_a_message_is_answered() -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("1")))
            assert await code_of(reader) == ("AA", "1")

    asyncio.run(scene())


def test_seven_byte_packets_and_two_in_one_are_the_same_to_it() -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            data = framed(adt("1"))
            for at in range(0, len(data), 7):
                writer.write(data[at : at + 7])
                await writer.drain()
                await asyncio.sleep(0)  # a turn of the loop, not a wait
            writer.write(framed(adt("2")) + framed(adt("3")))
            assert [await code_of(reader) for _ in range(3)] == [("AA", "1"), ("AA", "2"), ("AA", "3")]

    asyncio.run(scene())


def test_answers_come_in_the_order_of_the_messages_even_when_the_first_is_slow() -> None:
    second = threading.Event()

    def answer(message: bytes, _sender: Sender) -> bytes:
        if b"|slow|" in message:
            assert second.wait(20)
        return accept(message, Sender())

    async def scene() -> None:
        async with listening(answer) as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("slow")) + framed(adt("fast")))
            other_reader, other_writer = await connect()
            other_writer.write(framed(adt("other")))
            assert await code_of(other_reader) == ("AA", "other")  # a slow message blocks its own connection only
            second.set()
            assert [await code_of(reader), await code_of(reader)] == [("AA", "slow"), ("AA", "fast")]

    asyncio.run(scene())


def test_a_thousand_messages_in_one_packet_are_all_answered_in_order() -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.write(b"".join(framed(adt(str(n))) for n in range(1000)))
            assert [(await code_of(reader))[1] for _ in range(1000)] == [str(n) for n in range(1000)]

    asyncio.run(scene())


def test_fifty_thousand_segments_are_answered() -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("big", b"".join(b"OBX|%d|TX|||x\r" % n for n in range(50_000)))))
            assert await code_of(reader) == ("AA", "big")

    asyncio.run(scene())


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", adt("1") + b"\x1c\r", b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 5000]
)
def test_junk_is_refused_and_the_connection_closed(junk: bytes) -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("0")) + junk)
            assert await code_of(reader) == ("AA", "0")
            assert (await code_of(reader))[0] == "AR"
            assert await closed(reader)

    asyncio.run(scene())


def test_a_message_without_end_is_refused_by_name_and_the_next_is_taken() -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.write(b"\x0b" + adt("cut") + framed(adt("next")))
            assert [await code_of(reader), await code_of(reader)] == [("AR", "cut"), ("AA", "next")]

    asyncio.run(scene())


def test_what_is_too_large_is_refused_by_name_and_the_next_is_taken() -> None:
    async def scene() -> None:
        async with listening(limits=Limits(max_bytes=100_000)) as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("large", b"OBX|1|TX|||" + b"x" * 150_000)) + framed(adt("next")))
            refusal = await received(reader)
            assert (refusal.get("MSA-1"), refusal.get("MSA-2"), refusal.get("ERR-3.1")) == ("AR", "large", "104")
            assert await code_of(reader) == ("AA", "next")

    asyncio.run(scene())


def test_the_limit_is_thirty_megabytes() -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("large", b"OBX|1|TX|||" + b"x" * 30_000_000)))
            assert await code_of(reader) == ("AR", "large")

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("begun", "said"), [(b"\x0b" + adt("half"), ("AR", "half")), (b"", None), (framed(adt("1")), None)]
)
def test_silence_closes_the_connection_and_within_a_message_is_answered(
    begun: bytes, said: tuple[str, str] | None
) -> None:
    async def scene() -> None:
        async with listening(limits=Limits(idle_seconds=0.2, frame_seconds=0.1)) as (connect, _):
            reader, writer = await connect()
            writer.write(begun)
            if begun.endswith(b"\x1c\r"):
                await received(reader)
            if said:
                assert await code_of(reader) == said
            assert await closed(reader)

    asyncio.run(scene())


def test_who_keeps_sending_is_not_silent() -> None:
    async def scene() -> None:
        async with listening(limits=Limits(idle_seconds=0.3, frame_seconds=0.3)) as (connect, _):
            reader, writer = await connect()
            loop = asyncio.get_running_loop()
            until, n = loop.time() + 0.8, 0
            while loop.time() < until:
                writer.write(framed(adt(str(n))))
                assert await code_of(reader) == ("AA", str(n))
                n += 1

    asyncio.run(scene())


def test_who_stops_sending_still_gets_all_answers() -> None:
    async def scene() -> None:
        async with listening() as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("1")) + framed(adt("2")) + b"\x0b" + adt("half"))
            writer.write_eof()
            assert [await code_of(reader) for _ in range(3)] == [("AA", "1"), ("AA", "2"), ("AR", "half")]
            assert await closed(reader)

    asyncio.run(scene())


def test_what_came_in_whole_is_taken_though_the_sender_has_gone() -> None:
    taken: list[bytes] = []
    gone, all_taken = threading.Event(), threading.Event()

    def answer(message: bytes, _sender: Sender) -> bytes:
        assert gone.wait(20)
        taken.append(message)
        if len(taken) == 3:
            all_taken.set()
        return accept(message, Sender())

    async def scene() -> None:
        async with listening(answer) as (connect, listener):
            _, writer = await connect()
            for n in range(3):
                writer.write(framed(adt(str(n))))
            await writer.drain()
            while listener.waiting < 2:  # until the last has come over
                await asyncio.sleep(0.01)
            writer.transport.abort()
            gone.set()
            assert await asyncio.to_thread(all_taken.wait, 20)

    asyncio.run(scene())
    assert taken == [adt(str(n)) for n in range(3)]


def test_a_gateway_that_fails_says_so_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    bsn = "999900006"  # not where it is raised: the log shows that line

    def answer(message: bytes, _sender: Sender) -> bytes:
        if b"|bad|" in message:
            raise RuntimeError(bsn)
        return accept(message, Sender())

    async def scene() -> None:
        async with listening(answer) as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("bad")) + framed(adt("good")))
            refusal = await received(reader)
            assert [refusal.get(path) for path in ("MSA-1", "MSA-2", "ERR-3.1")] == ["AR", "bad", "207"]
            assert await code_of(reader) == ("AA", "good")

    asyncio.run(scene())
    assert [record.message for record in caplog.records if record.name == "gateway.mllp"] == ["answer-failed"]
    assert bsn not in caplog.text


def test_too_many_connections_are_refused_and_the_first_keeps_working() -> None:
    async def scene() -> None:
        async with listening(limits=Limits(connections=1)) as (connect, _):
            reader, writer = await connect()
            writer.write(framed(adt("1")))
            assert await code_of(reader) == ("AA", "1")
            second, other = await connect()
            other.write(framed(adt("3")) + framed(adt("4")))
            refusal = await received(second)
            assert (refusal.get("MSA-1"), refusal.get("MSA-2")) == ("AR", "3")
            assert "try again in 5 seconds" in (refusal.get("ERR-8") or "")
            assert refusal.get("ERR-3.1") == "207"
            assert (await received(second)).get("MSA-1") == "AR"
            assert await closed(second)
            _, (beyond, _) = await connect(), await connect()
            assert await closed(beyond)
            writer.write(framed(adt("2")))
            assert await code_of(reader) == ("AA", "2")

    asyncio.run(scene())


def test_a_message_for_which_there_is_no_room_is_refused_and_told_to_come_back() -> None:
    go_on, taken = threading.Event(), []

    def answer(message: bytes, _sender: Sender) -> bytes:
        assert go_on.wait(20)
        taken.append(parse(message).control_id)
        return accept(message, Sender())

    async def scene() -> None:
        limits = Limits(waiting=4, refusal_seconds=0)
        async with listening(answer, limits) as (connect, _):
            streams = [await connect() for _ in range(40)]
            for n, (_, writer) in enumerate(streams):
                writer.write(framed(adt(str(n))))
            refused = []
            for reader, _ in await first(28, streams):
                refusal = await received(reader)
                assert refusal.get("MSA-1") == "AR"
                assert refusal.get("ERR-3.1") == "207"
                assert "try again in 5 seconds" in (refusal.get("ERR-8") or "")
                refused.append(refusal.get("MSA-2"))
            go_on.set()
            for n, (reader, writer) in enumerate(streams):
                if str(n) in refused:  # it comes back
                    writer.write(framed(adt(str(n))))
                assert await code_of(reader) == ("AA", str(n))

    asyncio.run(scene())
    assert sorted(taken, key=str) == sorted(map(str, range(40)))  # each once


async def first(number: int, streams: list[Streams]) -> list[Streams]:
    """Return the streams that are answered first."""
    tasks = {asyncio.create_task(_is_there(reader)): (reader, writer) for reader, writer in streams}
    while sum(task.done() for task in tasks) < number:
        await asyncio.wait([task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED)
    answered = [streams for task, streams in tasks.items() if task.done()]
    for task in tasks:
        task.cancel()
    return answered


async def _is_there(reader: asyncio.StreamReader) -> None:
    while not reader._buffer:  # type: ignore[attr-defined] # what came is left where it is
        await asyncio.sleep(0.005)


def test_a_message_that_waited_too_long_is_refused_and_not_begun() -> None:
    go_on, taken = threading.Event(), []

    def answer(message: bytes, _sender: Sender) -> bytes:
        assert go_on.wait(20)
        taken.append(parse(message).control_id)
        return accept(message, Sender())

    async def scene() -> None:
        async with listening(answer, Limits(wait_seconds=0.2)) as (connect, listener):
            streams = [await connect() for _ in range(12)]
            for n, (_, writer) in enumerate(streams[:8]):
                writer.write(framed(adt(str(n))))
            while listener.begun < 8:
                await asyncio.sleep(0.005)
            for n, (_, writer) in enumerate(streams[8:], 8):
                writer.write(framed(adt(str(n))))
            while listener.begun < 12:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.3)
            go_on.set()
            assert [(await code_of(reader))[0] for reader, _ in streams] == ["AA"] * 8 + ["AR"] * 4

    asyncio.run(scene())
    assert len(taken) == 8


def test_one_sender_that_does_not_wait_for_answers_takes_the_room_of_one() -> None:
    go_on = threading.Event()

    def answer(message: bytes, _sender: Sender) -> bytes:
        assert b"|calm" in message or go_on.wait(20)
        return accept(message, Sender())

    async def scene() -> None:
        async with listening(answer, Limits(waiting=1)) as (connect, _):
            reader, writer = await connect()
            writer.write(b"".join(framed(adt(f"hasty{n}")) for n in range(60)))
            for n in range(20):
                calm, other = await connect()
                other.write(framed(adt(f"calm{n}")))
                assert await code_of(calm) == ("AA", f"calm{n}")
            go_on.set()
            assert [(await code_of(reader))[0] for _ in range(60)] == ["AA"] * 60

    asyncio.run(scene())


def test_a_sender_that_reads_no_answers_is_cut_off() -> None:
    def answer(_message: bytes, _sender: Sender) -> bytes:
        return b"x" * 1_000_000

    async def scene() -> None:
        async with listening(answer, Limits(frame_seconds=0.2)) as (connect, listener):
            reader, writer = await connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's stubs name the base class
            for n in range(40):
                writer.write(framed(adt(str(n))))
            while listener.connections:
                await asyncio.sleep(0.01)
            assert reader is not None

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_a_stop_answers_what_was_received_and_takes_nothing_new() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def answer(message: bytes, _sender: Sender) -> bytes:
        begun.set()
        assert go_on.wait(20)
        return accept(message, Sender())

    async def scene() -> None:
        async with listening(answer) as (connect, listener):
            reader, writer = await connect()
            writer.write(framed(adt("1")) + framed(adt("2")) + b"\x0b" + adt("half"))
            assert await asyncio.to_thread(begun.wait, 20)
            stopping = asyncio.create_task(listener.stop())
            await asyncio.sleep(0)
            with pytest.raises(ConnectionRefusedError):
                await connect()
            go_on.set()
            assert [await code_of(reader), await code_of(reader)] == [("AA", "1"), ("AA", "2")]
            assert await closed(reader)
            await stopping

    asyncio.run(scene())


@pytest.mark.parametrize("before", [0, 9], ids=["who has just come", "who has sent half"])
def test_a_stop_waits_a_moment_for_a_message_that_is_coming(before: int) -> None:
    async def scene() -> None:
        async with listening() as (connect, listener):
            reader, writer = await connect()
            message = framed(adt("1"))
            writer.write(message[:before])
            stopping = asyncio.create_task(listener.stop())
            for _ in range(20):  # turns of the loop in which everything that is quiet would be closed
                await asyncio.sleep(0)
            writer.write(message[before:])
            assert await code_of(reader) == ("AA", "1")
            assert await closed(reader)
            await stopping

    asyncio.run(scene())


def test_without_tls_it_listens_on_loopback_only() -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere, pytest.raises(BadSettings, match="loopback only"):
        serve(everywhere, accept)


def test_an_address_in_use_is_a_bad_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BadSettings, match="cannot listen"):
        run_listener("127.0.0.1", taken.getsockname()[1], accept)


def test_sigterm_ends_the_process_after_the_last_answer() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_serve_and_tell, args=(listener, theirs))
    child.start()
    with socket.create_connection(listener.getsockname(), timeout=20) as client:
        client.sendall(framed(adt("1")))
        assert ours.recv() == "begun"
        os.kill(child.pid or 0, signal.SIGTERM)
        ours.send("go on")
        assert b"MSA|AA|1\r" in client.recv(4096)
        assert client.recv(4096) == b""
    child.join(20)
    listener.close()
    assert child.exitcode == 0


def _serve_and_tell(listener: socket.socket, pipe: Connection) -> None:
    def answer(message: bytes, _sender: Sender) -> bytes:
        pipe.send("begun")
        pipe.recv()
        return accept(message, Sender())

    serve(listener, answer)
