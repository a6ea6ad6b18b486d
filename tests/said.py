"""All that is said of a checkpoint, by whatever computes where it is asked; loads no torch."""

import io
import json
from pathlib import Path

from grucli import Predictor, evaluate
from grucli.errors import UsageError
from grucli.results.document import to_json


def said_of(checkpoint):
    """What is predicted from its table, and scored of it: documents, or why there is none."""
    from grucli.runs.streaming import Stream
    from grucli.runs.units import inspect_unit

    predictor = Predictor(checkpoint)
    recipe = predictor.opened.recipe
    asked = {"levels": [80]} if recipe.task.kind == "forecast" else {}
    ahead = str(Path(checkpoint).parents[1] / "ahead.csv")
    future = {"future": ahead} if recipe.data.future else {}
    ways = {
        "predict": lambda: predictor.predict(**asked, **future),
        "longer": lambda: predictor.predict(horizon=7, **future),
        "eval": lambda: evaluate(checkpoint, **asked),
        "all": lambda: evaluate(checkpoint, split="all"),
        "anomaly": predictor.anomalies,
        "stream": lambda: streamed(Stream(checkpoint), recipe.data.path),
        "looks": lambda: looks_at(checkpoint),
        "unit": lambda: inspect_unit(checkpoint, 3),
    }
    return {name: document_of(way) for name, way in ways.items()}


def document_of(way):
    """What a call gives, as plain values."""
    try:
        found = way()
    except UsageError as error:
        return str(error)
    return found if isinstance(found, list) else json.loads(to_json(found))


def looks_at(checkpoint):
    """What a trace shows, its values, and the newest step worked out."""
    from grucli.runs.explaining import explain
    from grucli.runs.tracing import trace

    traced = trace(checkpoint)
    values = [values.tolist() for values in traced.layers.values()]
    worked = explain(checkpoint, at=traced.times[-1], unit=3)
    return [json.loads(to_json(traced.report)), values, json.loads(to_json(worked))]


def streamed(stream, path):
    """The answers to the rows of a table."""
    answers = stream.answers(io.BytesIO(Path(path).read_bytes()), "-")
    return [row for answer in answers for row in answer.values.tolist()]
