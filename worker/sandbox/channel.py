"""Messages between the worker and the processes that read documents.

A frame is a length (4 bytes, big-endian) and that many bytes of JSON. JSON and not pickle, because
the far side has read untrusted bytes: the worst it can send is a wrong value.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

_HEADER = struct.Struct(">I")
_MAX_FRAME_BYTES = 256 * 1024**2
_READ_BYTES = 1024**2

Message = dict[str, Any]


class ChannelClosedError(Exception):
    """The far side is gone, or sent what is no frame."""


class Channel:
    """Frames over a stream socket. Sending is safe from several threads; reading is for one."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._send_lock = threading.Lock()

    def fileno(self) -> int:
        """The socket's descriptor, for a selector."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, object], *, descriptor: int | None = None) -> None:
        """Send one frame, with a file descriptor riding on it if one is given.

        Raises ChannelClosedError when the far side is gone.
        """
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        data = body.encode("utf-8", "surrogatepass")
        frame = _HEADER.pack(len(data)) + data
        try:
            with self._send_lock:
                if descriptor is None:
                    self._socket.sendall(frame)
                else:
                    sent = socket.send_fds(self._socket, [frame], [descriptor])
                    self._socket.sendall(frame[sent:])
        except OSError as error:
            raise ChannelClosedError(str(error)) from error

    def receive(self) -> Message:
        """Wait for one frame; raises ChannelClosedError when there will be none."""
        while (message := self._cut()) is None:
            self._fill(0)
        return message

    def receive_ready(self) -> list[Message]:
        """All frames that can be had without waiting for the far side's next byte."""
        self._fill(socket.MSG_DONTWAIT)
        messages = []
        while (message := self._cut()) is not None:
            messages.append(message)
        return messages

    def receive_with_descriptors(self) -> tuple[list[Message], list[int]]:
        """Read once; the complete frames and the descriptors that came with them."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _READ_BYTES, 16)
        except OSError as error:
            raise ChannelClosedError(str(error)) from error
        if not data:
            raise ChannelClosedError("closed by the far side")
        self._buffer += data
        messages = []
        while (message := self._cut()) is not None:
            messages.append(message)
        return messages, list(descriptors)

    def close(self) -> None:
        """Close the socket; safe to call twice."""
        self._socket.close()

    def _fill(self, flags: int) -> None:
        try:
            data = self._socket.recv(_READ_BYTES, flags)
        except BlockingIOError:
            return
        except OSError as error:
            raise ChannelClosedError(str(error)) from error
        if not data:
            raise ChannelClosedError("closed by the far side")
        self._buffer += data

    def _cut(self) -> Message | None:
        if len(self._buffer) < _HEADER.size:
            return None
        (length,) = _HEADER.unpack_from(self._buffer)
        if length > _MAX_FRAME_BYTES:
            raise ChannelClosedError(f"a frame of {length} bytes is over the limit")
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[_HEADER.size : end])
        del self._buffer[:end]
        try:
            message = json.loads(data.decode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise ChannelClosedError("a frame is not JSON") from error
        if not isinstance(message, dict):
            raise ChannelClosedError("a frame is not an object")
        return message
