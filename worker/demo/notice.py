"""When the demo sends its Spot notice, and how near its time is.

The notice must hit the scan in its middle on a slow machine and on a fast one: it is sent as soon as
a few pages are done (earlier where pages are quick, for a worker looks for notices every 2 s only), and
it leaves less time than the rest of the scan needs. A worker requeues at half of a short notice, so
fewer than half of the remaining pages fit; where possible the pages in hand do.
"""

from __future__ import annotations

from collections.abc import Sequence

_PAGES_FIRST = 3
_UNSEEN_S = 2.5
_PAGES_SPARED = 4
_SHARE_OF_REST = 0.9
# Until the worker looks, and what it keeps back for itself.
_LOST_S = 5.0
_SPREAD = 1.25
_SHORTEST_S = 6.0


def notice_in_s(page_times_s: Sequence[float], *, pages: int, slots: int) -> float | None:
    """Seconds ahead of which to date the notice now, None while it is too early for one.

    `page_times_s` are the wall times of the scan's finished pages, `pages` how many there are in all,
    `slots` how many are recognised at one time.
    """
    if not page_times_s:
        return None
    done = len(page_times_s)
    page_s = max(0.1, sum(page_times_s) / done)
    done_when_seen = done + slots + slots * _UNSEEN_S / page_s
    if done < _PAGES_FIRST and done_when_seen < pages - _PAGES_SPARED:
        return None
    rest_s = (pages - done) * page_s / slots
    in_hand_s = _LOST_S + 2 * _SPREAD * page_s
    return max(_SHORTEST_S, min(_SHARE_OF_REST * rest_s, in_hand_s))
