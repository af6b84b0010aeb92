from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bench.drawing import WIDTH, draw
from bench.harness import Plot, Series

SVG = "{http://www.w3.org/2000/svg}"


def line(*series: Series) -> Plot:
    return Plot("p", "Latency <p99> & more", "round", "ms", series)


def bars(*series: Series, labels: tuple[str, ...]) -> Plot:
    return Plot("p", "Parts", "", "s", series, kind="bar", labels=labels)


def parse(plot: Plot) -> ET.Element:
    return ET.fromstring(draw(plot))  # noqa: S314 -- our own drawing


def test_a_line_plot_is_well_formed_and_names_its_axes_units_and_series() -> None:
    root = parse(line(Series("before", ((1, 2), (2, 3))), Series("after", ((1, 5), (2, 1)))))
    texts = {each.text for each in root.iter(f"{SVG}text")}
    assert {"round", "ms", "before", "after"} <= texts
    assert root.findtext(f"{SVG}title") == "Latency <p99> & more"
    assert len(list(root.iter(f"{SVG}polyline"))) == 2


def test_every_point_lies_inside_the_picture() -> None:
    root = parse(line(Series("a", tuple((float(n), n * n - 30.0) for n in range(12)))))
    height = float(root.attrib["height"])
    for circle in root.iter(f"{SVG}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= WIDTH
        assert 0 <= float(circle.attrib["cy"]) <= height


@pytest.mark.parametrize("points", [(), ((1.0, 1.0),), ((0.0, 0.0), (1.0, 0.0))])
def test_nothing_a_single_point_and_zeros_are_drawn_too(points: tuple[tuple[float, float], ...]) -> None:
    assert parse(line(Series("a", points))).tag == f"{SVG}svg"


def test_each_bar_stands_beside_its_label_with_its_value() -> None:
    root = parse(bars(Series("s", ((0, 12.5), (1, 3))), labels=("selling", "verifying")))
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"selling", "verifying", "12.5", "3.00"} <= set(texts)


def test_bars_of_several_series_have_a_legend() -> None:
    root = parse(bars(Series("one", ((0, 1),)), Series("two", ((0, 2),)), labels=("a",)))
    assert {"one", "two"} <= {each.text for each in root.iter(f"{SVG}text")}


def test_rounds_are_counted_in_whole_numbers() -> None:
    root = parse(line(Series("a", ((1, 2), (2, 3), (3, 1)))))
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"1", "2", "3"} <= set(texts)
    assert "1.5" not in texts


def test_a_series_without_points_is_not_in_the_legend() -> None:
    root = parse(line(Series("a", ((1, 2),)), Series("empty", ())))
    assert "empty" not in {each.text for each in root.iter(f"{SVG}text")}


def test_a_picture_reaches_for_nothing_outside_of_itself() -> None:
    text = draw(line(Series("a", ((0, 1), (1, 2)))))
    assert "href" not in text
    assert "<script" not in text
    assert "<style" not in text
