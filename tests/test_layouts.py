"""Weights of published cells, read by the name of their layout, compute what theirs compute."""

import numpy as np
import pytest
import torch

from grucli import train
from grucli.cells.address import parse_parameter
from grucli.cells.layouts import LAYOUT_NAMES, parse_layout
from grucli.cells.published import PUBLISHED
from grucli.checkpoint import load_checkpoint
from grucli.cli.views.weights_summary import render_weight_summary
from grucli.errors import CheckpointError, UsageError
from grucli.nn import MODULES
from grucli.runs import inspection
from grucli.weights import read_weights
from tests.published_cells import CELLS, C, H, draw, haste_gru, keras_gru

ROWS = {f"{row.layout} {row.name}": row for row in PUBLISHED}
T, B = 6, 4


def nested(tensors):
    """Dictionaries in dictionaries where names have dots."""
    content = {}
    for name, values in tensors.items():
        *folders, last = name.split(".")
        place = content
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = values
    return content


def saved(tmp_path, content, name="theirs.pt"):
    path = tmp_path / name
    torch.save(content, path)
    return path


def read_module(tmp_path, tensors, layout):
    """The one stack of a file, each tensor by name."""
    (module,) = read_weights(saved(tmp_path, tensors), parse_layout(layout)).modules
    return module, {name: torch.from_numpy(v.copy()) for name, v in module.tensors.items()}


def ours_of(module):
    """A module of ours for weights that were read."""
    kinds = {parse_parameter(name).kind for name in module.tensors}
    options = {"dtype": torch.float64, "layer_norm": module.layer_norm, "eps": module.eps}
    if module.layer_norm != "none":
        options["norm_bias"] = any(kind.startswith("norm_bias") for kind in kinds)
    return MODULES[module.cell](C, H, **options)


def run_theirs(cell, x, start):
    """All outputs, and the last of each state."""
    state, rows = start, []
    for x_t in x:
        state = cell.step(x_t, state)
        rows.append(state[0])
    return torch.stack(rows), state


def run_ours(module, weights, x, start):
    """The same."""
    given = tuple(part[None] for part in start)
    output, final = torch.func.functional_call(
        module, weights, (x, given if len(given) > 1 else given[0])
    )
    return output, tuple(part[0] for part in (final if isinstance(final, tuple) else (final,)))


def weighted(results, probes):
    """One number of all outputs and states."""
    output, state = results
    return sum((a * b).sum() for a, b in zip((output, *state), probes, strict=True))


def test_every_published_cell_is_in_the_table_and_in_this_test():
    assert set(ROWS) == set(CELLS)


@pytest.mark.parametrize("name", CELLS)
def test_read_weights_compute_what_the_published_cell_computes(tmp_path, name):
    torch.manual_seed(3)
    theirs = CELLS[name]()
    path = saved(tmp_path, theirs.tensors)
    file = read_weights(path, parse_layout(ROWS[name].layout))
    assert ROWS[name].name in file.format
    assert file.other_tensors == {}
    module, weights = read_module(tmp_path, theirs.tensors, ROWS[name].layout)
    ours = ours_of(module)
    assert set(weights) == set(ours.state_dict())
    x, start = draw(T, B, C), tuple(draw(B, H) for _ in ours.rule.spec.state)
    expected, got = run_theirs(theirs, x, start), run_ours(ours, weights, x, start)
    torch.testing.assert_close(got, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_gradients_by_every_tensor_are_those_of_the_published_cell(tmp_path, name):
    """Ours of a tensor of theirs: the slope along the way that our weights go with it."""
    torch.manual_seed(4)
    theirs, layout = CELLS[name](), ROWS[name].layout
    module, weights = read_module(tmp_path, theirs.tensors, layout)
    ours = ours_of(module)
    x, start = draw(T, B, C), tuple(draw(B, H) for _ in ours.rule.spec.state)
    free = (x, *start, *theirs.weights.values(), *weights.values())
    for values in free:
        values.requires_grad_()
    probes = [draw(T, B, H), *(draw(B, H) for _ in start)]
    by_theirs = torch.autograd.grad(
        weighted(run_theirs(theirs, x, start), probes), (x, *start, *theirs.weights.values())
    )
    by_ours = torch.autograd.grad(
        weighted(run_ours(ours, weights, x, start), probes), (x, *start, *weights.values())
    )
    inputs = 1 + len(start)
    torch.testing.assert_close(by_ours[:inputs], by_theirs[:inputs], rtol=1e-9, atol=1e-11)
    for gradient, (own, values) in zip(by_theirs[inputs:], theirs.weights.items(), strict=True):
        way = torch.randn_like(values)
        moved = theirs.tensors | {theirs.named.format(own): values.detach() + way}
        _, after = read_module(tmp_path, moved, layout)
        slope = sum(
            (gradient_of_ours * (after[key] - before.detach())).sum()
            for gradient_of_ours, (key, before) in zip(
                by_ours[inputs:], weights.items(), strict=True
            )
        )
        torch.testing.assert_close(slope, (gradient * way).sum(), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["flax GRUCell", "sheeprl LayerNormGRUCell of DreamerV3"])
def test_dictionaries_in_dictionaries_are_read_like_names_with_dots(tmp_path, name):
    theirs, layout = CELLS[name](), parse_layout(ROWS[name].layout)
    flat = read_weights(saved(tmp_path, theirs.tensors), layout)
    deep = read_weights(saved(tmp_path, nested(theirs.tensors)), layout)
    assert flat.tensors.keys() == deep.tensors.keys()
    for key, values in flat.tensors.items():
        np.testing.assert_array_equal(deep.tensors[key], values)


def test_a_cell_without_biases_is_read_without(tmp_path):
    tensors = {name: v for name, v in keras_gru().tensors.items() if "bias" not in name}
    _, weights = read_module(tmp_path, tensors, "keras")
    assert set(weights) == {"weight_ih_l0", "weight_hh_l0"}


def test_several_cells_of_a_file_are_told_apart_by_what_stands_before_their_names(tmp_path):
    tensors = {
        f"{place}.{name}": values
        for place in ("down", "up")
        for name, values in haste_gru().tensors.items()
    }
    file = read_weights(saved(tmp_path, tensors), parse_layout("haste"))
    assert [module.prefix for module in file.modules] == ["down.", "up."]
    assert "down.weight_hh_l0" in file.tensors


def test_the_report_says_what_the_file_was_taken_for(tmp_path):
    path = saved(tmp_path, haste_gru().tensors | {"head": torch.ones(2, 3)})
    report = inspection.inspect_weights(path, layout="haste")
    assert (report.cell, report.layer_norm) == ("gru", "split")
    assert report.format == (
        "torch state_dict, layout haste: LayerNormGRU of "
        "lmnt-com/haste: frameworks/pytorch/layer_norm_gru.py"
    )
    assert report.other_tensors == {"head": (2, 3)}
    assert report.notes == ()
    assert None not in [
        item.effective_spectral_norm for item in report.matrices if item.part == "hh"
    ]


def test_what_the_first_screen_proposes_names_the_layout_too(tmp_path):
    path = saved(tmp_path, haste_gru().tensors)
    report = inspection.inspect_weights(path, layout="haste")
    lines = render_weight_summary(report, 200).plain.splitlines()
    proposed = [line.split() for line in lines if line.startswith("  grucli inspect-weights ")]
    assert [words[3:5] for words in proposed] == [["--layout", "haste"]] * 3


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ("hast", "'hast' is no layout; expected one of haste, kiros, "),
        ("sum,eps=0", "'sum,eps=0': expected eps=NUMBER, up to 1, after the comma"),
        ("sum,eps=x", "'sum,eps=x': expected eps=NUMBER, up to 1, after the comma"),
        ("sum,gain=1", "'sum,gain=1': expected eps=NUMBER, up to 1, after the comma"),
    ],
)
def test_an_unknown_layout_is_a_usage_error(tmp_path, layout, what):
    with pytest.raises(UsageError) as caught:
        inspection.inspect_weights(saved(tmp_path, haste_gru().tensors), layout=layout)
    assert str(caught.value).startswith(f"--layout: {what}")


def test_every_name_of_a_layout_is_known():
    assert [parse_layout(name).name for name in LAYOUT_NAMES] == list(LAYOUT_NAMES)


def test_a_file_without_such_names_says_where_they_come_from(tmp_path):
    path = saved(tmp_path, torch.nn.GRU(3, 5).state_dict())
    with pytest.raises(CheckpointError) as caught:
        read_weights(path, parse_layout("dreamerv3-torch"))
    assert "no cell of layout dreamerv3-torch among 4 tensors" in str(caught.value)
    assert "NM512/dreamerv3-torch: networks.py" in str(caught.value)


def test_names_that_fit_a_layout_are_recognised_without_it(tmp_path):
    path = saved(tmp_path, haste_gru().tensors)
    with pytest.raises(CheckpointError, match="its names fit --layout haste: name it"):
        read_weights(path)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"bias": draw(3 * H)}, r"bias\[0\]: not what GRU\(reset_after=True\) of keras-team/keras"),
        ({"bias": draw(2, 9)}, r"bias\[0\]: shape \(9,\); expected 1 dimensions and 15 rows"),
        ({"kernel": draw(3 * H, C)}, r"kernel: shape \(3, 15\); expected 2 dimensions and 15 rows"),
        ({"recurrent_kernel": draw(H, 2 * H)}, "no cell of layout keras among 3 tensors"),
        ({"bias": torch.ones(2, 3 * H, dtype=torch.int64)}, r"bias\[0\]: int64; expected floating"),
    ],
    ids=["reset before", "short bias", "turned", "two gates", "whole numbers"],
)
def test_shapes_that_are_not_those_of_the_layout_are_named(tmp_path, changes, what):
    tensors = keras_gru().weights | changes
    with pytest.raises(CheckpointError, match=what):
        read_weights(saved(tmp_path, tensors), parse_layout("keras"))


def test_a_checkpoint_of_ours_needs_no_layout(trained):
    best = trained / "run" / "best.pt"
    for look in (
        inspection.inspect_weights,
        lambda path, layout: inspection.compare(path, path, layout=layout),
    ):
        with pytest.raises(UsageError, match="says itself what it holds; leave it out"):
            look(best, layout="haste")


def test_two_files_are_compared_where_one_of_them_needs_a_layout(trained, tmp_path):
    path = saved(tmp_path, haste_gru().tensors)
    comparison = inspection.compare(trained / "run" / "best.pt", path, layout="haste")
    assert "0.update.hh" in comparison.only_after


def begins_with(folder, tensors, layout, *more):
    """Overrides for a run of one layer that begins with such weights and hardly learns."""
    path = saved(folder, tensors)
    keys = ["model.layers=1", "model.hidden=8", "train.epochs=1", "train.lr=1e-12", *more]
    return [*keys, f"model.init.checkpoint={path}", f"model.init.layout={layout}"]


def haste_of(inputs, hidden=8):
    """Weights of Haste's LayerNormGRU, of another size than the other tests have."""
    sizes = {"kernel": (inputs, 3 * hidden), "recurrent_kernel": (hidden, 3 * hidden)}
    sizes |= {"bias": (3 * hidden,), "recurrent_bias": (3 * hidden,), "gamma": (2, 3 * hidden)}
    return {name: draw(*size).float() for name, size in sizes.items()}


def test_a_model_begins_with_weights_in_a_published_layout(folder):
    tensors = haste_of(inputs=1)
    train(
        folder / "wave.yaml",
        begins_with(folder, tensors, "haste", "model.layer_norm=split"),
        run_dir=folder / "run",
    )
    ours = load_checkpoint(folder / "run" / "last.pt").weights
    update = tensors["recurrent_kernel"][:, :8].t()
    assert ours["recurrent.weight_hh_l0"][8:16] == pytest.approx(update.numpy(), abs=1e-6)
    assert ours["recurrent.gain_hh_l0"][:8] == pytest.approx(
        tensors["gamma"][1, 8:16].numpy(), abs=1e-6
    )


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["model.layer_norm=sum"], "haste has layer_norm split, the recipe sum; set model.layer_n"),
        (
            ["model.cell=lstm"],
            "layout haste has cell gru, the recipe lstm; set model.cell: gru, or",
        ),
        (["model.layer_norm=split", "model.eps=1e-3"], "has eps 1e-05, the recipe 0.001; set"),
        (["model.layer_norm=split", "model.norm_bias=true"], "has norm_bias false, the recipe tr"),
    ],
    ids=["another norm", "another cell", "another eps", "biases inside"],
)
def test_a_model_that_computes_something_else_does_not_begin_with_them(folder, more, what):
    overrides = begins_with(folder, haste_of(inputs=1), "haste", *more)
    with pytest.raises(CheckpointError) as caught:
        train(folder / "wave.yaml", overrides, run_dir=folder / "run")
    assert what in str(caught.value)
