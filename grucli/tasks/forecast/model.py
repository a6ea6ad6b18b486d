"""The model of a recipe: the one file that knows both."""

from grucli.nn import Forecaster
from grucli.recipe import Recipe


def new_forecaster(recipe: Recipe) -> Forecaster:
    """The model of a recipe, its weights drawn as torch does."""
    model, columns = recipe.model, recipe.data.columns
    return Forecaster(
        cell=model.cell,
        layer_norm=model.layer_norm,
        activation=model.activation,
        eps=model.eps,
        norm_bias=model.norm_bias,
        target_size=len(columns.targets),
        past_size=len(columns.past),
        flag_size=len(columns.flag_names),
        hidden=model.hidden,
        layers=model.layers,
        bidirectional=model.bidirectional,
        dropout=model.dropout,
        decoder=model.decoder,
        horizon=recipe.forecast.horizon,
        normalise=recipe.forecast.normalise,
        channels=model.channels,
        tbptt_steps=recipe.train.tbptt_steps,
        recompute_steps=recipe.train.recompute_steps,
    )
