"""Keys of the JSON documents that were renamed stand there under both names for one version."""

import dataclasses
import json

import pytest

import grucli
from grucli.results import OLD_KEYS, SCHEMA_VERSION, to_json
from grucli.runs import explaining, inspection, reporting, tracing, units
from grucli.weights import read_history
from tests.conftest import grucli as command


@pytest.fixture(scope="module")
def reports(trained):
    best = trained / "run" / "best.pt"
    return [
        inspection.inspect_weights(best),
        inspection.compare(best, trained / "run" / "last.pt"),
        inspection.history(best),
        units.inspect_unit(best, 0),
        tracing.trace(best).report,
        explaining.explain(best, at="2024-06-08"),
        grucli.evaluate(best),
        reporting.report_run(trained / "run"),
        grucli.Predictor(best).anomalies(trained / "wave.csv"),
    ]


def renamed_in(value, plain):
    """Every value of a class with renamed keys, beside what the document says of it."""
    if dataclasses.is_dataclass(value):
        if type(value).__name__ in OLD_KEYS:
            yield type(value).__name__, plain
        for name, item in vars(value).items():
            if name in plain:
                yield from renamed_in(item, plain[name])
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from renamed_in(item, plain[str(name)])
    elif isinstance(value, (list, tuple)):
        for item, said in zip(value, plain, strict=True):
            yield from renamed_in(item, said)


def test_a_renamed_key_stands_in_every_document_under_both_names(reports):
    met = set()
    for report in reports:
        document = json.loads(to_json(report))
        assert document["schema_version"] == SCHEMA_VERSION == 2
        for kind, plain in renamed_in(report, document):
            met.add(kind)
            for before, now in OLD_KEYS[kind].items():
                assert plain[before] == plain[now], f"{kind}.{before}"
    assert met == set(OLD_KEYS)


def test_values_expected_before_training_have_both_names_too(reports):
    document = json.loads(to_json(reports[0]))
    expected = [matrix["expected"] for matrix in document["matrices"]]
    assert any("frobenius_norm" in values for values in expected)
    for values in expected:
        assert values.get("norm") == values.get("frobenius_norm")


def with_names_of_version_1(kind, plain):
    old = OLD_KEYS.get(kind, {})
    return {name: value for name, value in plain.items() if name not in old.values()}


def test_records_of_version_1_are_read_as_those_of_today(trained, tmp_path):
    for name in ("best.pt", "metrics.jsonl"):
        (tmp_path / name).write_bytes((trained / "run" / name).read_bytes())
    lines = []
    for line in (trained / "run" / "weights.jsonl").read_text().splitlines():
        record = with_names_of_version_1("WeightRecord", json.loads(line)) | {"schema_version": 1}
        record["matrices"] = [
            with_names_of_version_1("MatrixRecord", matrix) for matrix in record["matrices"]
        ]
        lines.append(json.dumps(record) + "\n")
    (tmp_path / "weights.jsonl").write_text("".join(lines))
    old, new = (read_history(place / "best.pt") for place in (tmp_path, trained / "run"))
    assert old.records == new.records


def test_checks_and_orders_know_the_old_names_of_statistics(trained):
    best = trained / "run" / "best.pt"
    for name in ("norm", "frobenius_norm"):
        done = command("inspect-weights", best, "--sort", name, "--fail-if", f"*.hh.{name}>0")
        assert done.returncode == 6
        assert f"0.update.hh.{name} is" in done.stderr
    done = command("inspect-weights", best, best, "--fail-if", "*.ih.cosine<0.99")
    assert done.returncode == 0
