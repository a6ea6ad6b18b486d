"""The table of keys of the JSON documents that go."""

from grucli import results

_HEAD = f"""\
## Keys that are going

Documents of `"schema_version": {results.SCHEMA_VERSION}`, and the lines of `weights.jsonl`, have
each of these numbers twice, under its old name and its new one. The version after this one drops
the old names; until then `--fail-if` and `--sort` know both.

| old key | new key |
|---|---|"""


def old_keys_section() -> str:
    """The end of docs/statistics.md, from the one table of the code."""
    renamed = {pair for keys in results.OLD_KEYS.values() for pair in keys.items()}
    rows = [f"| `{before}` | `{now}` |" for before, now in sorted(renamed)]
    return "\n".join([_HEAD, *rows, ""])
