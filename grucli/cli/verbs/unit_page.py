"""The page of one unit, which several verbs show."""

from collections.abc import Sequence

from grucli.errors import UsageError


def show_unit(
    checkpoint: str,
    unit: int,
    layers: Sequence[str],
    *,
    data: str | None = None,
    layout: str | None = None,
    member: int | None = None,
    json: bool = False,
) -> None:
    """Put what one unit learned on standard output, along ``data`` or the recipe's own table.

    Raises UsageError where more than one of ``layers`` is named.
    """
    from grucli.cli.kit.console import show
    from grucli.cli.views.unit import render_unit
    from grucli.runs.units import inspect_unit

    if len(layers) > 1:
        raise UsageError(f"--layer {' '.join(layers)}: a unit is one of one layer; name one")
    layer = layers[0] if layers else None
    report = inspect_unit(checkpoint, unit, layer=layer, data=data, layout=layout, member=member)
    show(report, json=json, render=lambda width: render_unit(report, width))
