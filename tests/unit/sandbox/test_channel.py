"""Frames between the worker and its children."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from worker.sandbox.channel import Channel, ChannelClosedError, ProtocolError

pytestmark = pytest.mark.unit


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours), theirs


def _frame(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "OcrPage", "page": 3, "hint": None},
        {"text": "営業報告書 𠮟る"},
        {"name": "odd-\udcff-byte"},
        {},
    ],
)
def test_a_message_arrives_as_it_was_sent(message: dict[str, object]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Channel(ours).send(message)
        assert Channel(theirs).receive() == message


def test_a_frame_that_comes_in_pieces_is_put_together(pair: tuple[Channel, socket.socket]) -> None:
    channel, far = pair
    frame = _frame(b'{"kind": "page"}')
    far.sendall(frame[:3])
    assert list(channel.receive_ready()) == []
    far.sendall(frame[3:9])
    assert list(channel.receive_ready()) == []
    far.sendall(frame[9:] + _frame(b"{}"))
    assert list(channel.receive_ready()) == [{"kind": "page"}, {}]


def test_nothing_sent_is_nothing_received(pair: tuple[Channel, socket.socket]) -> None:
    assert list(pair[0].receive_ready()) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_frame(b"no json"), "not JSON"),
        (_frame(b"[1]"), "not a JSON object"),
        (_frame(b"\xff\xff"), "not JSON"),
        (_frame(b"[" * 100_000), "not JSON"),
        (_frame(b"1" * 10_000), "not JSON"),
        (struct.pack(">I", 2**31), "over the limit"),
    ],
    ids=["not JSON", "not an object", "not UTF-8", "nested too deeply", "a number too long", "too long"],
)
def test_an_invalid_frame_is_refused_after_the_valid_ones(
    pair: tuple[Channel, socket.socket], data: bytes, message: str
) -> None:
    channel, far = pair
    far.sendall(_frame(b"{}") + data)
    frames = channel.receive_ready()
    assert next(frames) == {}
    with pytest.raises(ProtocolError, match=message):
        next(frames)


def test_the_end_of_the_far_side_is_reported(pair: tuple[Channel, socket.socket]) -> None:
    channel, far = pair
    far.close()
    with pytest.raises(ChannelClosedError):
        channel.receive()
    with pytest.raises(ChannelClosedError):
        list(channel.receive_ready())
    with pytest.raises(ChannelClosedError):
        channel.receive_with_descriptors()
    with pytest.raises(ChannelClosedError):
        channel.send({"kind": "x" * 100})


def test_a_descriptor_rides_on_a_message(pair: tuple[Channel, socket.socket]) -> None:
    channel, far = pair
    read_end, write_end = os.pipe()
    Channel(far).send({"kind": "spawn"}, descriptor=write_end)
    os.close(write_end)
    messages, descriptors = channel.receive_with_descriptors()
    assert messages == [{"kind": "spawn"}]
    os.write(descriptors[0], b"!")
    assert os.read(read_end, 1) == b"!"
    for descriptor in (*descriptors, read_end):
        os.close(descriptor)
