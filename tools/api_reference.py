"""docs/api.md and page/openapi.json, made from the API's own description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sfcrime.dashboard.api.openapi import described_api

_SCHEMAS = "#/components/schemas/"

HEAD = """# The API

Made by `{mended_by}` from the answers
([dashboard/answers](../src/sfcrime/dashboard/answers)) and the paths
([dashboard/api](../src/sfcrime/dashboard/api)):
change these instead of this page. The same as an OpenAPI document is
[openapi.json](../page/openapi.json).

`sfcrime run` and `sfcrime dashboard` print the address of the server; all paths begin with
`/api/v1`. Everything is read, nothing can be changed, and nothing leaves the machine.

```sh
curl http://127.0.0.1:8000/api/v1/overview
curl -OJ 'http://127.0.0.1:8000/api/v1/names?since=2018-10-02&until=2018-10-03&format=csv'
```

* A call is not a crime: it is a request for service. What each figure means and what it does not is
  told by [/methods](#get-methods), and in [methods.md](methods.md).
* Times without a zone are the clock of San Francisco's walls. Those that end in Z are UTC.
* A span is whole hours, `since` inclusive, `until` exclusive. What was not counted is left out of
  it: each answer names the span that it is about. A span of which nothing was counted is refused.
* No percentage is given where either side has under 20 calls.
* Each answer is taken from one state of the store, which its `meta` names, and has an `ETag`: a
  request with `If-None-Match` gets 304 and no body where nothing has changed.
* `format=csv`, where a path has it, gives what is shown as a file that a spreadsheet can open
  safely. Its last column names the source, and says where the data is synthetic.
* A parameter that is not on this page is refused.

## Errors

Every error has one body, [ErrorBody](#errorbody), and a true status:

| Status | `error` | When |
|---|---|---|
| 400 | `bad_parameter` | a parameter has a value that it cannot have |
| 401 | `unauthorized` | the server asks for a token, and none or another one was sent |
| 403 | `forbidden_host`, `forbidden_origin` | host or origin is not one of the allowed |
| 404 | `not_found` | there is no such path, or the topic was made again since it was counted |
| 405 | `method_not_allowed` | only GET is answered |
| 500 | `internal` | a defect; the server's log has more |
| 503 | `store_empty` | nothing was counted yet |
| 503 | `loading` | the cells are being read; `Retry-After` says when to ask again |
| 503 | `store_unavailable` | the store cannot be read |
| 503 | `query_too_long` | a read took longer than 2 s |
| 503 | `kafka_unavailable` | no broker answers within 3 s |
| 503 | `too_many` | too many clients follow the events |
"""


def openapi_text() -> str:
    """page/openapi.json as it has to be."""
    return json.dumps(described_api(), indent=2) + "\n"


def api_page(mended_by: str) -> str:
    """docs/api.md as it has to be."""
    document = described_api()
    parts = [HEAD.format(mended_by=mended_by), "## Questions\n"]
    parts += [_question(path, each["get"]) for path, each in document["paths"].items()]
    parts.append("## Answers\n")
    parts += [_record(name, each) for name, each in document["components"]["schemas"].items()]
    return "\n".join(parts)


def _question(path: str, operation: Mapping[str, Any]) -> str:
    short = path.removeprefix("/api/v1")
    lines = [f"### GET {short}", "", _one_line(operation["description"]), ""]
    content = operation["responses"]["200"]["content"]
    if "application/json" in content:
        csv = ", or CSV" if "text/csv" in content else ""
        lines += [f"Answer: {_kind(content['application/json']['schema'])}{csv}.", ""]
    if "parameters" in operation:
        lines += ["| Parameter | Values | Default | Meaning |", "|---|---|---|---|"]
        lines += [_parameter(each) for each in operation["parameters"]]
        lines.append("")
    return "\n".join(lines)


def _parameter(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    default = "" if schema.get("default") in (None, "") else f"`{schema['default']}`"
    meaning = _one_line(parameter.get("description", ""))
    return f"| `{parameter['name']}` | {_values(schema)} | {default} | {meaning} |"


def _values(schema: Mapping[str, Any]) -> str:
    """What a parameter takes, in words."""
    for each in _alternatives(schema):
        if each.get("type") == "null":
            continue
        if "$ref" in each:
            return _kind(each)
        if "enum" in each:
            return ", ".join(f"`{value}`" for value in each["enum"])
        if each["type"] == "integer":
            return f"{each['minimum']} to {each['maximum']}"
        if "maxLength" in each:
            return f"text, at most {each['maxLength']} characters"
        return "text as described"
    raise ValueError(f"nothing to write for {schema}")


def _record(name: str, schema: Mapping[str, Any]) -> str:
    lines = [f"### {name}", ""]
    if "description" in schema:
        lines += [_one_line(schema["description"]), ""]
    if "enum" in schema:
        lines += [", ".join(f"`{value}`" for value in schema["enum"]) + ".", ""]
        return "\n".join(lines)
    lines += ["| Field | Type | Meaning |", "|---|---|---|"]
    for field, facts in schema["properties"].items():
        meaning = _one_line(facts.get("description", ""))
        lines.append(f"| `{field}` | {_kind(facts)} | {meaning} |")
    return "\n".join([*lines, ""])


def _kind(schema: Mapping[str, Any]) -> str:
    """A type in words, with a link where it is a record."""
    return " or ".join(_kinds(schema))


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    for each in _alternatives(schema):
        if "$ref" in each:
            name = each["$ref"].removeprefix(_SCHEMAS)
            yield f"[{name}](#{name.lower()})"
        elif "enum" in each:
            yield ", ".join(f"`{value}`" for value in each["enum"])
        elif each.get("type") == "array":
            yield f"list of {_kind(each['items'])}"
        elif each.get("type") == "object":
            yield f"object of {_kind(each['additionalProperties'])}"
        else:
            yield str(each["type"])


def _alternatives(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    alternatives: list[Mapping[str, Any]] = schema.get("anyOf", [schema])
    return alternatives


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
