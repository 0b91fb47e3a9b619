"""A complex as a record: how it shows itself."""

import relureg


def test_it_shows_itself_in_one_line() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    box = relureg.Domain.box([-3, -3], [3, 3])
    cells = relureg.enumerate_regions(network)
    assert repr(cells) == "<Complex of 'int_2-6-6-1': 49 regions in R^2>"
    assert "regions in a domain of R^2>" in repr(relureg.enumerate_regions(network, box))
    some = relureg.enumerate_regions(network, max_regions=5)
    assert repr(some) == f"<Complex of 'int_2-6-6-1': at least {some.num_regions} regions in R^2>"
