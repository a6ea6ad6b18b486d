"""What can be learned: one folder a task, with files of the same names in each."""

from typing import Any

from grucli.recipe import Recipe
from grucli.tasks.classify.task import ClassifyTask
from grucli.tasks.forecast.task import ForecastTask
from grucli.tasks.label.task import LabelTask
from grucli.tasks.regress.task import RegressTask
from grucli.tasks.task import Intervals, Learned, Samples, Task, TaskData

__all__ = ["TASKS", "Intervals", "Learned", "Samples", "Task", "TaskData", "task_of"]

_ALL: tuple[Task[Any, Any], ...] = (ForecastTask(), ClassifyTask(), RegressTask(), LabelTask())
TASKS = {task.kind: task for task in _ALL}
"""Kind in the recipe -> task."""


def task_of(recipe: Recipe) -> Task[Any, Any]:
    """The task of a recipe."""
    return TASKS[recipe.task.kind]
