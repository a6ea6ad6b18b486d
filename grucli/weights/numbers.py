"""The numbers of a report by name, for checks such as ``W_h*.spectral_radius>1.5``."""

from dataclasses import fields

from grucli.reports import MatrixStatistics, WeightReport

_NO_NUMBERS = {
    *("symbol", "name", "layer", "direction", "gate", "part", "shape", "module"),
    *("histogram", "row_norms", "column_norms", "expected"),
    *("power_law_note", "estimated", "is_measured"),
}
QUANTITIES = tuple(
    field.name for field in fields(MatrixStatistics) if field.name not in _NO_NUMBERS
)


def report_numbers(report: WeightReport) -> dict[str, float | None]:
    """Name -> number, None where it is not defined.

    ``nan`` counts all entries that are not finite, ``findings`` the findings. A matrix's statistic
    is ``W_hz.spectral_radius``; with several layers, directions or stacks the place stands between
    the two: ``W_hz.1r.spectral_radius``, ``W_hz.coder.1r.spectral_radius``.
    """
    places = {(item.module, item.layer, item.direction) for item in report.matrices}
    stacks = {item.module for item in report.matrices}
    numbers: dict[str, float | None] = {
        "nan": sum(item.not_finite for item in report.matrices),
        "findings": len(report.findings),
    }
    for item in report.matrices:
        address = item.name.partition(".")[0] if len(places) > 1 else ""
        address = item.module + address if len(stacks) > 1 else address
        for quantity in QUANTITIES:
            name = ".".join(filter(None, (item.symbol, address, quantity)))
            numbers[name] = getattr(item, quantity)
    return numbers
