"""Who stands where in a row is said once, by name."""

from grucli.columns import Columns

SHOP = Columns(
    targets=("sales", "returns"), past=("rain",), future=("promo",), static=("region",), flags=True
)


def test_a_row_holds_targets_past_future_and_static_and_then_their_flags():
    values = ("sales", "returns", "rain", "promo", "region")
    assert SHOP.values == values
    assert SHOP.names == (*values, *(f"{name} measured" for name in values))


def test_places_are_those_of_the_names():
    assert SHOP.names[SHOP.target_places] == SHOP.targets
    assert SHOP.names[SHOP.flag_places] == SHOP.flag_names
    assert (*SHOP.targets, *SHOP.names[SHOP.other_places]) == SHOP.names
    assert [SHOP.values[SHOP.place(name)] for name in SHOP.values] == list(SHOP.values)


def test_without_flags_a_row_ends_with_its_values():
    columns = Columns(("y",), past=("x",))
    assert columns.names == columns.values == ("y", "x")
    assert columns.names[columns.flag_places] == columns.flag_names == ()
