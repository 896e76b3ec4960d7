"""moto on a free port of 127.0.0.1, run by `MotoProcess` as `python -m worker.local.moto_server`.

Writes its address as one line, and ends when standard input does, that is, with whoever started it.
"""

from __future__ import annotations

import logging
import sys

from moto.server import ThreadedMotoServer


def main() -> None:
    """Serve until standard input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # nobody reads on, and a full pipe would stop the server
    sys.stdin.read()


if __name__ == "__main__":
    main()
