"""The DynamoDB of the tests outlives its clients."""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlsplit

import pytest
import requests

pytestmark = pytest.mark.integration

_HEAD = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
    b"X-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 100\r\n\r\n"
)


@pytest.mark.parametrize("is_reset", [True, False], ids=["reset", "closed"])
def test_a_client_that_is_killed_in_the_middle_of_a_call_ends_no_server(
    dynamodb_url: str, is_reset: bool
) -> None:
    address = urlsplit(dynamodb_url)
    for sent in (_HEAD[:40], _HEAD, _HEAD + b"{"):
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(sent)
            # An answer to another call: by then the server has begun to read this one.
            requests.get(dynamodb_url, timeout=30)
            if is_reset:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert requests.get(dynamodb_url, timeout=30).status_code < 500
