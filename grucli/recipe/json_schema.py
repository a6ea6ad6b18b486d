"""The JSON Schema of a recipe, for editors: ``python -m grucli.recipe.json_schema``."""

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from grucli.recipe.schema import Recipe

SCHEMA_ID = "urn:grucli:recipe"
"""The name of the schema, wherever a copy of it lies."""


class _WithoutTitles(GenerateJsonSchema):
    """Keys are their own titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def recipe_json_schema() -> str:
    """Write the schema of draft 2020-12: every key with help, default, choices and range."""
    body = Recipe.model_json_schema(schema_generator=_WithoutTitles)
    schema = {"$schema": GenerateJsonSchema.schema_dialect, "$id": SCHEMA_ID, **body}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(recipe_json_schema())
