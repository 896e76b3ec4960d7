"""When the demo sends its Spot notice, and how much time the notice leaves.

The notice must hit the scan in its middle, on slow and on fast machines: it is sent after a few pages, and it
leaves less time than the rest of the scan needs.
"""

from __future__ import annotations

from collections.abc import Sequence

_MIN_PAGES_DONE = 3
# A worker polls for notices every 2 s.
_DETECTION_S = 2.5
_MIN_PAGES_LEFT = 4
# A worker requeues at half of a short notice, so fewer than half of the remaining pages fit.
_SHARE_OF_REST = 0.9
# Until the worker sees the notice, and what it reserves for its shutdown.
_OVERHEAD_S = 5.0
_SPREAD = 1.25
_MIN_NOTICE_S = 6.0


def notice_in_s(page_times_s: Sequence[float], *, pages: int, slots: int) -> float | None:
    """How many seconds ahead to date a notice now, None while it is too early for one.

    `page_times_s` are the wall times of the scan's finished pages, `pages` how many there are in all,
    `slots` how many are OCRed at a time.
    """
    if not page_times_s:
        return None
    done = len(page_times_s)
    page_s = max(0.1, sum(page_times_s) / done)
    # Where pages are fast, too few would be left by the time the worker sees the notice.
    done_when_seen = done + slots + slots * _DETECTION_S / page_s
    if done < _MIN_PAGES_DONE and done_when_seen < pages - _MIN_PAGES_LEFT:
        return None
    rest_s = (pages - done) * page_s / slots
    in_progress_s = _OVERHEAD_S + 2 * _SPREAD * page_s
    return max(_MIN_NOTICE_S, min(_SHARE_OF_REST * rest_s, in_progress_s))
