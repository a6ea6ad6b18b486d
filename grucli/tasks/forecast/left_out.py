"""Which baselines a split could have and does not, and why."""

from grucli.tasks.forecast.baselines import Setting


def left_out_baselines(setting: Setting) -> dict[str, str]:
    """Why those baselines are not there that these windows could have; a series without a season
    has no seasonal one.
    """
    season, context, reasons = setting.season, setting.windows.context_steps, {}
    if season is not None and season > context:
        reasons["seasonal_naive"] = (
            f"its season of {season} steps is longer than the context of {context}"
        )
    if setting.fit_on is None:
        reasons["ridge"] = "all rows are scored, which leaves none to fit it on"
    return reasons
