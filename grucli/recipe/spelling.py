"""Keys in the other spelling of English, which are read as the ones that the schema has."""

from dataclasses import replace

from grucli.recipe.nodes import Entry, Fault, Node

SPELLINGS = {
    "data": {"regularize": "regularise"},
    "task": {"normalize": "normalise"},
    "train": {"optimiser": "optimizer"},
}
"""Section -> key as others write it -> the key of the schema."""


def our_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """A dotted key, such as that of an override, in the spelling of the schema."""
    if len(names) < 2:
        return names
    section, key, *rest = names
    return (section, SPELLINGS.get(section, {}).get(key, key), *rest)


def in_our_spelling(root: Node) -> Node:
    """A recipe with its keys in the spelling of the schema, each at the place it was written.

    A key that is written both ways is a fault of its section.
    """
    if not isinstance(root.value, dict):
        return root
    sections = {name: _section(name, entry) for name, entry in root.value.items()}
    return replace(root, value=sections)


def _section(section: str, entry: Entry) -> Entry:
    node = entry.node
    if not isinstance(node.value, dict):
        return entry
    entries: dict[str, Entry] = {}
    others = SPELLINGS.get(section, {})
    faults = list(node.faults)
    for name, below in node.value.items():
        known = others.get(name, str(name))
        if known in entries or (known != name and known in node.value):
            faults.append(Fault(below.where, f"written twice, also as {known}; remove one", known))
        entries[known] = below
    return replace(entry, node=replace(node, value=entries, faults=tuple(faults)))
