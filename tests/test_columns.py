"""Who stands where in a row is said once, by name."""

from grucli.columns import Columns

SHOP = Columns(
    targets=("sales", "returns"),
    past=("rain",),
    future=("promo",),
    calendar=("hour sin", "hour cos"),
    static=("region",),
    flagged=("sales", "rain"),
)


def test_a_row_holds_targets_past_future_and_static_and_then_their_flags():
    values = ("sales", "returns", "rain", "promo", "hour sin", "hour cos", "region")
    assert SHOP.values == values
    assert SHOP.names == (*values, "sales measured", "rain measured")


def test_the_calendar_stands_in_no_table():
    assert SHOP.read == ("sales", "returns", "rain", "promo", "region")


def test_places_are_those_of_the_names():
    assert SHOP.names[SHOP.target_places] == SHOP.targets
    assert SHOP.names[SHOP.flag_places] == SHOP.flag_names
    assert SHOP.names[SHOP.ahead_places] == SHOP.ahead == ("promo", "hour sin", "hour cos")
    assert SHOP.names[SHOP.calendar_places] == SHOP.calendar
    assert SHOP.names[SHOP.static_places] == SHOP.static
    assert (*SHOP.targets, *SHOP.names[SHOP.other_places]) == SHOP.names
    assert [SHOP.values[SHOP.place(name)] for name in SHOP.values] == list(SHOP.values)


def test_without_flags_a_row_ends_with_its_values():
    columns = Columns(("y",), past=("x",))
    assert columns.names == columns.values == ("y", "x")
    assert columns.names[columns.flag_places] == columns.flag_names == ()
