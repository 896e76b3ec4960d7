"""moto on a free port of 127.0.0.1, run by `MotoProcess` as `python -m worker.embedded.moto_server`.

It writes its address as one line, and ends at the end of standard input, that is, with its parent. A line of
standard input is a request: `open` has it answer at the gate, too, the socket whose descriptor is its
argument; `end polls` ends the polls that are open: a worker that stops must wait for its own.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import FakeKey, S3Backend
from moto.sqs.models import Message, SQSBackend
from werkzeug.serving import make_server

_VISIBLE_S = 0.05
"""How late a message is received that becomes visible by the clock."""

_OPEN = "open"

_Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def main(arguments: list[str]) -> None:
    """Serve until standard input ends; the argument, if any, is the descriptor of the gate."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    announce_no_empty_tags()
    end_polls = wake_polls()
    application = atomic_dynamodb(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # the parent reads one line only, and a full pipe would block the server
    for request in sys.stdin:
        if request.strip() == _OPEN:
            _open_gate(application, int(arguments[0]))
        else:
            end_polls()


def _open_gate(application: _Application, descriptor: int) -> None:
    # The calls that came before wait in the backlog of the socket.
    gate = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler, fd=descriptor
    )
    threading.Thread(target=gate.serve_forever, daemon=True).start()


def announce_no_empty_tags() -> None:
    """Let an upload without tags announce none: moto sends an event of tagging with each, S3 does not."""
    put_tags = S3Backend.put_object_tagging

    def put(backend: S3Backend, key: FakeKey, tags: dict[str, str] | None) -> FakeKey:
        if tags:
            return put_tags(backend, key, tags)
        backend.tagger.delete_all_tags_for_resource(key.arn)
        return key

    S3Backend.put_object_tagging = put  # type: ignore[method-assign, assignment]


class _Polls:
    """The long polls that are open: they wait for messages, and end when somebody asks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._times_ended = 0

    def wake(self, *, end: bool = False) -> None:
        """Have all of them look for messages, or end."""
        with self._changed:
            self._times_ended += end
            self._changed.notify_all()

    def waiting(self, receive: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
        """`SQSBackend.receive_message` that waits."""

        def poll(backend: SQSBackend, queue: str, count: int, wait_s: int, *others: Any) -> list[Message]:
            until, before = time.monotonic() + wait_s, self._times_ended
            while True:
                messages = receive(backend, queue, count, 0, *others)
                with self._changed:
                    left_s = until - time.monotonic()
                    if messages or left_s <= 0 or self._times_ended != before:
                        return messages
                    self._changed.wait(min(left_s, _VISIBLE_S))

        return poll

    def waking(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """A method that sends, and wakes the polls."""

        def send_and_wake(*values: Any, **named: Any) -> Any:
            answer = send(*values, **named)
            self.wake()
            return answer

        return send_and_wake


def wake_polls() -> Callable[[], None]:
    """Have a long poll wait for a message; the function that is returned ends all open polls.

    moto itself looks a hundred times a second. Some messages become visible by the clock, unheard.
    """
    polls, backend = _Polls(), SQSBackend
    backend.receive_message = polls.waiting(backend.receive_message)  # type: ignore[method-assign]
    backend.send_message = polls.waking(backend.send_message)  # type: ignore[method-assign]
    backend.send_message_batch = polls.waking(backend.send_message_batch)  # type: ignore[method-assign]
    return partial(polls.wake, end=True)


def atomic_dynamodb(application: _Application) -> _Application:
    """Serialise DynamoDB requests: moto checks a condition and writes without a lock.

    Otherwise two claims of one file could both succeed. SQS stays parallel, as a long poll takes seconds.
    """
    lock = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return application(environ, start_response)
        with lock:
            return application(environ, start_response)

    return serve


if __name__ == "__main__":
    main(sys.argv[1:])
