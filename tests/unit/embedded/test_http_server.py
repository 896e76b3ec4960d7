"""The small HTTP server below the Bedrock and the metadata server."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from worker.embedded.http_server import LocalHttpServer, Request, Response

pytestmark = pytest.mark.unit


def _echo(request: Request) -> Response | None:
    if request.path == "/drop":
        return None
    if request.path == "/fail":
        raise RuntimeError("a mistake in the answer")
    text = f"{request.method} {request.path} {request.headers.get('x-name')} {request.body.decode()}"
    return Response(status=201, body=text.encode(), content_type="text/plain", headers={"X-Tag": "7"})


def test_a_request_reaches_the_function_and_its_answer_the_client() -> None:
    with LocalHttpServer(_echo) as server:
        answer = requests.post(f"{server.url}/a%3A0/b?q=1", data="body", headers={"X-Name": "n"}, timeout=5)
    assert (answer.status_code, answer.text, answer.headers["X-Tag"]) == (201, "POST /a%3A0/b n body", "7")


def test_one_connection_serves_many_requests() -> None:
    with LocalHttpServer(_echo) as server, requests.Session() as session:
        texts = [session.put(f"{server.url}/{n}", data=str(n), timeout=5).text for n in range(3)]
    assert texts == ["PUT /0 None 0", "PUT /1 None 1", "PUT /2 None 2"]


@pytest.mark.parametrize("path", ["/drop", "/fail"])
def test_no_response_closes_the_connection_and_the_server_continues(path: str) -> None:
    with LocalHttpServer(_echo) as server:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{server.url}{path}", timeout=5)
        assert requests.get(f"{server.url}/next", timeout=5).status_code == 201


def test_a_body_over_the_limit_is_refused_unread() -> None:
    with LocalHttpServer(_echo) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_after_stop_the_port_is_closed() -> None:
    server = LocalHttpServer(_echo)
    server.start()
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=5)


def test_stop_before_start_closes_the_port() -> None:
    server = LocalHttpServer(_echo)
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=5)


def test_a_paused_request_ends_when_the_server_stops() -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow(request: Request) -> Response | None:
        begun.set()
        server.pause(3_600)
        ended.set()
        return None

    server = LocalHttpServer(slow)
    server.start()
    client = threading.Thread(target=_ignoring_errors, args=(server.url,))
    client.start()
    assert begun.wait(10)
    server.stop()
    assert ended.wait(10)
    client.join(10)


def _ignoring_errors(url: str) -> None:
    try:
        requests.get(url, timeout=30)
    except requests.ConnectionError:
        return


def test_a_port_in_use_is_an_error() -> None:
    with LocalHttpServer(_echo) as server, pytest.raises(OSError, match="in use"):
        LocalHttpServer(_echo, port=int(server.url.rsplit(":", 1)[1]))
