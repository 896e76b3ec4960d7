"""MotoProcess: S3, SQS and DynamoDB by moto, in a process of its own.

In this process moto would share its state with other stacks, read the user's AWS profile and compete for the
interpreter lock.
"""

from __future__ import annotations

import importlib.util
import select
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.errors import MisconfiguredError

_START_S = 60.0
_STDERR_TAIL_CHARS = 500


class MotoProcess:
    """Context manager, or `begin`, `start` and `stop`. Error output is appended to `stderr_path`.

    `url` answers from `start` on. `gate_url` is known from `begin` on: who calls there before `open_gate`
    waits for the answer.
    """

    url = ""
    gate_url = ""

    def __init__(
        self, *, stderr_path: Path, module: str = "worker.embedded.moto_server", package: str = "moto"
    ) -> None:
        self._stderr_path = stderr_path
        self._module = module
        self._package = package
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the process, which takes a second to serve; `start` waits for that.

        Raises MisconfiguredError when the extra `home` is not installed.
        """
        if importlib.util.find_spec(self._package) is None:
            raise MisconfiguredError(
                f"the stand-ins for S3, SQS and DynamoDB need the Python package {self._package}, which is "
                "not installed; run pip install 'cis-worker[home]'"
            )
        # Listening here, so that the address is known before there is a process: calls wait in its backlog.
        with socket.create_server(("127.0.0.1", 0)) as gate, self._stderr_path.open("ab") as stderr:
            self.gate_url = f"http://127.0.0.1:{gate.getsockname()[1]}"
            self._process = subprocess.Popen(
                python_command(self._module, str(gate.fileno())),
                pass_fds=(gate.fileno(),),
                env=clean_environment({}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                # Ctrl-C in a terminal reaches the process group, but the workers need moto while stopping.
                start_new_session=True,
            )

    def start(self) -> None:
        """Start the process, unless it has begun, and read its `url`.

        Raises MisconfiguredError when it does not start, or the extra `home` is not installed.
        """
        if self._process is None:
            self.begin()
        assert self._process is not None  # noqa: S101 - for the type checker: it has begun
        self.url = self._read_url(self._process)
        if not self.url:
            self.stop()
            reason = self._stderr_path.read_text(errors="replace")[-_STDERR_TAIL_CHARS:]
            raise MisconfiguredError(
                "moto, which stands in for S3, SQS and DynamoDB, did not start. "
                f"The end of {self._stderr_path}: {reason}"
            )

    def open_gate(self) -> None:
        """Answer at `gate_url`, too: whatever is asked for there exists now."""
        self._ask("open")

    def end_polls(self) -> None:
        """End the long polls that are open now, as if their time had passed."""
        self._ask("end polls")

    def _ask(self, request: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            # A server that is gone has no polls.
            with suppress(OSError):
                self._process.stdin.write(f"{request}\n".encode())
                self._process.stdin.flush()

    def stop(self) -> None:
        """End the process; may be called again."""
        process, self._process = self._process, None
        if process is None:
            return
        # What it holds ends with it, and to take an interpreter apart takes longer than to serve a file.
        process.kill()
        with suppress(OSError):
            process.communicate()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    @staticmethod
    def _read_url(process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None  # noqa: S101 - for the type checker: PIPE was asked for
        readable, _, _ = select.select([process.stdout], [], [], _START_S)
        return process.stdout.readline().decode().strip() if readable else ""
