from components.ingestion.reporting.distributions import Distribution
from components.ingestion.reporting.report.charts import Bar, make_chart


def test_bars():
    chart = make_chart("width", Distribution(10, 12, 15, 20, 29, (10, 20, 25, 30), (500, 0, 1)))
    # A bar of one among 500 is still drawn one unit high.
    assert chart.bars == (
        Bar(0.0, 0.0, 79.0, 60.0, "10 to 20: 500"),
        Bar(160.0, 59.0, 79.0, 1.0, "25 to 30: 1"),
    )
    assert chart.words == (
        "Width (pixels) from 10 to 29, median 15, half of the images between 12 and 20"
    )
