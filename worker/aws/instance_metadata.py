"""InstanceMetadata: client of the EC2 instance metadata service (IMDSv2). Not thread-safe.

404 is the only all-clear. A time-out, a refusal or an unreadable answer means that the service is
unavailable, and is raised as UnavailableError so that it is never mistaken for "no notice".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import requests

from worker.errors import UnavailableError

_TOKEN_TTL_S = 21_600  # six hours, the longest that IMDSv2 grants
_RENEW_BEFORE_S = 60
_ROOT = "/latest/meta-data/"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpotAction:
    """A spot interruption notice: `action` is terminate, stop or hibernate; `time` is aware (UTC)."""

    action: str
    time: datetime


class InstanceMetadata:
    """Client of the metadata service at `endpoint`; every request times out after `timeout_s`.

    All methods raise UnavailableError when there is no valid answer.
    """

    def __init__(
        self, endpoint: str, *, timeout_s: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._timeout_s = timeout_s
        self._clock = clock
        self._session = requests.Session()
        # A proxy from the environment would answer for another machine.
        self._session.trust_env = False
        self._token: str | None = None
        self._renew_at = 0.0

    def get(self, path: str) -> str | None:
        """One entry under /latest/meta-data/, None when it is not there (404)."""
        response = self._get(path)
        if response.status_code == requests.codes.unauthorized:
            # The token is no longer accepted, though not expired by our clock: fetch a new one, once.
            self._token = None
            response = self._get(path)
        if response.status_code == requests.codes.not_found:
            return None
        return _text(response)

    def spot_action(self) -> SpotAction | None:
        """The interruption notice of a spot instance, None while there is none."""
        text = self.get("spot/instance-action")
        if text is None:
            return None
        try:
            notice = json.loads(text)
            when = datetime.fromisoformat(notice["time"])
            return SpotAction(
                action=str(notice["action"]), time=when.replace(tzinfo=UTC) if when.tzinfo is None else when
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UnavailableError(f"The spot notice cannot be read: {text[:200]!r}.") from error

    def is_rebalance_recommended(self) -> bool:
        """Whether there is a rebalance recommendation: an elevated risk of interruption."""
        return self.get("events/recommendations/rebalance") is not None

    def target_lifecycle_state(self) -> str | None:
        """The lifecycle state the Auto Scaling group is moving this instance to, None outside a group."""
        return self.get("autoscaling/target-lifecycle-state")

    def instance_id(self) -> str | None:
        """The instance's id, None where the service does not know one."""
        return self.get("instance-id")

    def instance_lifecycle(self) -> str | None:
        """How the instance was bought: `spot`, `on-demand`, `scheduled` or `capacity-block`."""
        return self.get("instance-life-cycle")

    def tag(self, name: str) -> str | None:
        """A tag of the instance, None without it or where the service shows no tags."""
        return self.get(f"tags/instance/{quote(name, safe=':')}") or None

    def _get(self, path: str) -> requests.Response:
        headers = {"X-aws-ec2-metadata-token": self._valid_token()}
        return self._request("GET", _ROOT + path, headers)

    def _valid_token(self) -> str:
        now = self._clock()
        # Renewed before it expires, so that no poll is lost to a 401.
        if self._token is None or now >= self._renew_at:
            headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_TTL_S)}
            self._token = _text(self._request("PUT", "/latest/api/token", headers))
            self._renew_at = now + _TOKEN_TTL_S - _RENEW_BEFORE_S
        return self._token

    def _request(self, method: str, path: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._endpoint + path,
                headers=headers,
                timeout=self._timeout_s,
                # The service never redirects: a redirect comes from something else.
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UnavailableError(
                f"The metadata service at {self._endpoint} does not answer {method} {path}: {error}."
            ) from error


def _text(response: requests.Response) -> str:
    if response.status_code != requests.codes.ok:
        raise UnavailableError(f"The metadata service answers {response.status_code} to {response.url}.")
    return response.text.strip()
