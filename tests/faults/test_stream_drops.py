"""Every socket reset again and again for minutes: how long no data comes, and what is left behind."""

from __future__ import annotations

import pytest

from tests.faults.stream_storm import outcome


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize(("every_s", "lasts_s"), [(1.0, 60.0), (5.0, 30.0)])
def test_resets_of_all_sockets_for_a_minute_leave_short_gaps_and_nothing_behind(
    every_s: float, lasts_s: float
) -> None:
    line, failures = outcome(every_s, lasts_s)
    print(line)
    assert failures == []
