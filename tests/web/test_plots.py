"""Plots that the server draws."""

from datetime import UTC, datetime, timedelta

import pytest

from pixelhost.web import plots
from pixelhost.web.languages import ENGLISH

BEGINNING = datetime(2024, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("highest", "labels"), [(0, ["1"]), (1, ["1"]), (2, ["1", "2"]), (3, ["5"]), (7, ["5", "10"]), (42, ["25", "50"])]
)
def test_lines_stand_at_the_figures_that_they_name(highest, labels):
    times = [BEGINNING + timedelta(days=number) for number in range(3)]
    drawn = str(plots.bars(ENGLISH, "Views", times, [0, highest, 0], str))
    found = [line.partition(">")[2].removesuffix("</text>") for line in drawn.splitlines() if line.startswith("<text")]
    assert found[: -len(times)] == labels
