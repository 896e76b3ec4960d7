"""Length-prefixed JSON frames between the worker and the processes that read documents.

A frame is a length (4 bytes, big-endian) and that many bytes of JSON; protocol.py says what is in it.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_HEADER = struct.Struct(">I")
# Far above any page's text and word boxes; it only keeps a broken length from filling the memory.
_MAX_FRAME_BYTES = 256 * 1024**2
# Python allocates so much before it reads, whatever comes: most messages have less than a hundred bytes.
_READ_BYTES = 64 * 1024
# What is taken of one process in a turn, so that it keeps no other waiting; a megabyte, which is more
# than a socket holds of a dead one.
_MAX_READS = 16
_MAX_DESCRIPTORS = 16

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

JsonObject = dict[str, Any]


class ChannelClosedError(Exception):
    """The far side is gone."""


class ProtocolError(Exception):
    """The far side sent what is no frame, no message, or a message out of turn.

    The text never quotes a value: values come from untrusted files, or hold passwords.
    """


class Channel:
    """Frames over a stream socket. Sending is safe from several threads; receiving is for one."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._send_lock = threading.Lock()

    def fileno(self) -> int:
        """The socket's descriptor, for a selector."""
        return self._socket.fileno()

    def send(self, values: Mapping[str, object], *, descriptor: int | None = None) -> None:
        """Send one frame, with a file descriptor attached if one is given.

        Raises ChannelClosedError when the far side is gone.
        """
        self._write(_frame(values), descriptor)

    def send_all(self, messages: Iterable[Mapping[str, object]]) -> None:
        """Send several frames at once, which wakes the far side once. Raises as `send` does."""
        self._write(b"".join(map(_frame, messages)), None)

    def receive(self) -> JsonObject:
        """Wait for one frame. Raises ChannelClosedError, or ProtocolError for what is no frame."""
        while (values := self._next_frame()) is None:
            self._fill(0)
        return values

    def receive_ready(self) -> Iterator[JsonObject]:
        """The frames that are there without waiting; what `receive` raises comes after the good ones."""
        # A generator, so that the pages before an invalid frame are kept.
        for _ in range(_MAX_READS):
            size_bytes = self._fill(socket.MSG_DONTWAIT)
            yield from self._frames()
            if size_bytes < _READ_BYTES:
                return

    def receive_with_descriptors(self) -> tuple[list[JsonObject], list[int]]:
        """Read once; the complete frames and the descriptors that came with them."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _READ_BYTES, _MAX_DESCRIPTORS)
        except OSError as error:
            raise ChannelClosedError(str(error)) from error
        self._append(data)
        return list(self._frames()), list(descriptors)

    def close(self) -> None:
        """Close the socket; safe to call twice."""
        self._socket.close()

    def _write(self, frames: bytes, descriptor: int | None) -> None:
        try:
            with self._send_lock:
                if descriptor is None:
                    self._socket.sendall(frames)
                else:
                    sent = socket.send_fds(self._socket, [frames], [descriptor])
                    self._socket.sendall(frames[sent:])
        except OSError as error:
            raise ChannelClosedError(str(error)) from error

    def _fill(self, flags: int) -> int:
        """Read once; how many bytes came."""
        try:
            data = self._socket.recv(_READ_BYTES, flags)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise ChannelClosedError(str(error)) from error
        self._append(data)
        return len(data)

    def _append(self, data: bytes) -> None:
        if not data:
            raise ChannelClosedError("closed by the far side")
        self._buffer += data

    def _frames(self) -> Iterator[JsonObject]:
        while (values := self._next_frame()) is not None:
            yield values

    def _next_frame(self) -> JsonObject | None:
        if len(self._buffer) < _HEADER.size:
            return None
        (length,) = _HEADER.unpack_from(self._buffer)
        if length > _MAX_FRAME_BYTES:
            raise ProtocolError(f"a frame of {length} bytes is over the limit")
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[_HEADER.size : end])
        del self._buffer[:end]
        try:
            values = json.loads(data.decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError) as error:  # brackets nested thousands deep are no ValueError
            raise ProtocolError("a frame is not JSON") from error
        if not isinstance(values, dict):
            raise ProtocolError("a frame is not a JSON object")
        return values


def _frame(values: Mapping[str, object]) -> bytes:
    # File names that are not UTF-8 hold lone surrogates, which plain UTF-8 refuses.
    data = _ENCODER.encode(values).encode("utf-8", "surrogatepass")
    return _HEADER.pack(len(data)) + data
