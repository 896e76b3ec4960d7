"""MotoProcess: S3, SQS and DynamoDB by moto, in a process of its own.

In this process moto would share its state with other stacks, read the user's AWS profile and compete for the
interpreter lock.
"""

from __future__ import annotations

import importlib.util
import select
import subprocess
from pathlib import Path

from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.errors import MisconfiguredError

_START_S = 60.0
_STOP_S = 5.0
_STDERR_TAIL_CHARS = 500


class MotoProcess:
    """Context manager, or `start` and `stop`. Error output is appended to `stderr_path`."""

    url = ""

    def __init__(
        self, *, stderr_path: Path, module: str = "worker.embedded.moto_server", package: str = "moto"
    ) -> None:
        self._stderr_path = stderr_path
        self._module = module
        self._package = package
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and read its `url`.

        Raises MisconfiguredError when it does not start, or the extra `local` is not installed.
        """
        if importlib.util.find_spec(self._package) is None:
            raise MisconfiguredError(
                f"the stand-ins for S3, SQS and DynamoDB need the Python package {self._package}, which is "
                "not installed; run pip install 'cis-worker[home]'"
            )
        with self._stderr_path.open("ab") as stderr:
            self._process = subprocess.Popen(
                python_command(self._module),
                env=clean_environment({}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                # Ctrl-C in a terminal reaches the process group, but the workers need moto while stopping.
                start_new_session=True,
            )
        self.url = self._read_url(self._process)
        if not self.url:
            self.stop()
            reason = self._stderr_path.read_text(errors="replace")[-_STDERR_TAIL_CHARS:]
            raise MisconfiguredError(
                "moto, which stands in for S3, SQS and DynamoDB, did not start. "
                f"The end of {self._stderr_path}: {reason}"
            )

    def stop(self) -> None:
        """End the process; may be called again."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            # Closes its standard input, at whose end the server exits.
            process.communicate(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    @staticmethod
    def _read_url(process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None  # noqa: S101 - for the type checker: PIPE was asked for
        readable, _, _ = select.select([process.stdout], [], [], _START_S)
        return process.stdout.readline().decode().strip() if readable else ""
