"""What a long run tells of all that there is, while it goes on and where it is stopped."""

import json
import time

import pytest

from relureg import Network, count_regions, estimate_regions, random_network
from relureg.cli import guard
from relureg.cli.forecast import Forecast, forecasting
from relureg.cli.standing import Standing, as_text
from relureg.engine.limits import Progress
from relureg.network.problem import Problem
from relureg.reports.count import CountReport


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network([3, 40, 40], seed=1)


@pytest.fixture
def forecast(network: Network) -> Forecast:
    return Forecast(problem=Problem(network=network, domain=None), keeps_regions=False)


def test_samples_are_taken_while_a_run_takes_long(forecast: Forecast, network: Network) -> None:
    with forecasting(forecast):
        pass
    assert forecast.told is None  # it was over at once
    with forecasting(forecast):
        begun = time.monotonic()
        while forecast.told is None and time.monotonic() - begun < 60:
            time.sleep(0.1)
        assert time.monotonic() - begun > 1
    assert forecast.told is not None
    total = forecast.told.num_regions
    assert total is not None
    assert total.precision <= 0.1
    assert total.low <= count_regions(network).num_regions <= total.high  # the seed is fixed


def test_the_line_tells_the_total_and_the_time_left(forecast: Forecast, network: Network) -> None:
    progress = Progress(regions=10_000, seconds=2.0, fraction=0.3)
    assert forecast.line(progress) == ""
    assert forecast.notice(progress) is None
    forecast.told = estimate_regions(network, precision=0.3)
    total = forecast.told.num_regions
    assert total is not None
    share, left = 100 * 10_000 / total.mean, (total.mean - 10_000) / 5_000
    line = forecast.line(progress)
    assert line.startswith(f", {share:.2g} % of about ")
    assert line.endswith(f", {left:.0f} s left")
    assert forecast.notice(progress) is None


def test_a_run_that_takes_hours_is_noticed_once(forecast: Forecast, network: Network) -> None:
    forecast.told = estimate_regions(network, precision=0.3)
    slow = Progress(regions=10, seconds=100.0)
    notice = forecast.notice(slow)
    assert notice is not None
    assert "hours here; instead: a part (--box, --slice, relureg line)" in notice or "days here; instead" in notice
    assert forecast.notice(slow) is None


def test_regions_that_do_not_fit_into_memory_are_noticed(
    forecast: Forecast, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    forecast.keeps_regions = True
    forecast.told = estimate_regions(network, precision=0.3)
    monkeypatch.setattr(guard, "memory_share", lambda: 1_000_000)
    notice = forecast.notice(Progress(regions=10_000, seconds=0.1))
    assert notice is not None
    assert "more than there is" in notice
    assert "--keep-regions" in notice


def test_a_count_that_is_stopped_tells_the_estimate(network: Network) -> None:
    stopped, told = count_regions(network, max_regions=1000), estimate_regions(network, precision=0.3)
    total = told.num_regions
    assert total is not None
    report = CountReport.of(stopped, (), estimate=told)
    facts = report.estimated_regions
    assert facts is not None
    assert (facts.mean, facts.low, facts.high) == (total.mean, total.low, total.high)
    assert "in all" in as_text(report.table())
    assert CountReport.of(count_regions(network), (), estimate=told).estimated_regions is None
    assert CountReport.of(stopped, ()).estimated_regions is None


def test_what_a_limit_ends_without_an_answer_tells_the_estimate(forecast: Forecast, network: Network) -> None:
    standing = Standing(as_json=True, forecast=forecast, regions=1234)
    out, line = standing.last_words(guard.TIME, "the time limit of 6 s")
    lower = "stopped by the time limit of 6 s: 1,234 regions are a proven lower bound"
    assert json.loads(out)["error"] == {"kind": "limit", "message": lower, "where": None}
    assert line == f"relureg: error: {lower}\n"
    forecast.told = estimate_regions(network, precision=0.3)
    total = forecast.told.num_regions
    assert total is not None
    out, line = standing.last_words(guard.TIME, "the time limit of 6 s")
    error = json.loads(out)["error"]
    assert error["estimated_regions"] == {"mean": total.mean, "low": total.low, "high": total.high}
    assert error["message"].startswith(f"{lower}, of about ")
    assert line == f"relureg: error: {error['message']}\n"
    assert "estimated_regions" not in standing.error_document({"kind": "usage", "message": "no", "where": None})
