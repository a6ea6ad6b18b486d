"""What a shell is told that could follow ``--set``: keys of a recipe, then the values of one."""


def complete_override(incomplete: str) -> list[tuple[str, str]]:
    """Keys that begin so, each with its help; behind ``=`` the choices of the key."""
    from grucli.recipe.keys import recipe_keys

    name, equals, _ = incomplete.partition("=")
    if not equals:
        return [(f"{key.path}=", key.help) for key in recipe_keys() if key.path.startswith(name)]
    words = [f"{name}={word}" for key in recipe_keys() if key.path == name for word in key.choices]
    return [(word, "") for word in words if word.startswith(incomplete)]
