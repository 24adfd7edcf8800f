"""`/openapi.json`: OpenAPI 3.1, made from the routes there are and the structs they read and write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from typing import Any, Final

import msgspec
from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from api.access.keys import Role
from api.operations import JSON, MULTIPART, Operation, Parameter, answer, describe
from api.problems import Problem

blueprint = Blueprint("openapi", __name__)

_REFERENCE: Final = "#/components/schemas/{name}"
_OPERATION: Final = "operation"
_PROBLEM: Final = "application/problem+json"
_VARIABLE: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_PATH: Final = {
    "id": "The id of a product or picture.",
    "upload_id": "What POST /v1/images answered.",
    "profile_id": "What POST /v1/profiles answered.",
    "proposal_id": "A proposal's id.",
    "query_id": "A search's id, from GET /v1/queries.",
    "change_id": "A change set's id.",
    "job_id": "A job's id.",
    "measurement_id": "A measurement's id.",
}
_REASONS: Final = {
    200: "OK",
    201: "Made.",
    202: "Begun.",
    204: "Deleted.",
    400: "The request cannot be accepted.",
    401: "An API key is needed.",
    403: "The caller's role, or the site it comes from, does not allow this.",
    404: "No such product, picture, upload or collection.",
    409: "The index and the request disagree.",
    413: "The upload is over the limit.",
    415: "A Content-Type that is not accepted.",
    422: "The picture cannot be used.",
    429: "Too many requests of this client, or too much at once; Retry-After says when to try again.",
    500: "An unexpected error.",
    502: "Solr refused the request.",
    503: "Solr or the model is not there, or too many requests wait; Retry-After says when to try again.",
    504: "It would take longer than is allowed; narrow what is looked at.",
}


@blueprint.get("/openapi.json")
@describe(Operation("This description", problems=(429, 503)))
def openapi() -> Response:
    """Answer the description of this application."""
    return answer(document(current_app))


def document(app: Flask) -> dict[str, Any]:
    """The whole description of an application."""
    described = [(rule, *_description(app, rule)) for rule in app.url_map.iter_rules() if is_described(app, rule)]
    operations = [operation for _, operation, _ in described]
    structs = {Problem, *(each for operation in operations for each in _structs(operation))}
    _, schemas = msgspec.json.schema_components(
        sorted(structs, key=lambda each: each.__name__), ref_template=_REFERENCE
    )
    paths: dict[str, dict[str, Any]] = {}
    for rule, operation, role in sorted(described, key=lambda each: each[0].rule):
        for method in sorted(methods(rule)):
            paths.setdefault(path(rule), {})[method.lower()] = _operation(rule, operation, role)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Visual product search",
            "version": version(),
            "summary": "Text, facets and a photo in one search on Apache Solr.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def is_described(app: Flask, rule: Rule) -> bool:
    """Whether a route belongs to the interface; the page and its files do not."""
    return hasattr(app.view_functions[rule.endpoint], _OPERATION)


def methods(rule: Rule) -> set[str]:
    """A route's methods without those that come by themselves."""
    return set(rule.methods or ()) - {"HEAD", "OPTIONS"}


def path(rule: Rule) -> str:
    """A route's path as OpenAPI writes it: ``/v1/products/{id}``."""
    return _VARIABLE.sub(r"{\1}", rule.rule)


def _structs(operation: Operation) -> Iterator[type[msgspec.Struct]]:
    yield from (each for each in (operation.answer, operation.body) if each is not None)
    yield from operation.mentions


def _description(app: Flask, rule: Rule) -> tuple[Operation, Role | None]:
    view = app.view_functions[rule.endpoint]
    operation: Operation = getattr(view, _OPERATION)
    return operation, getattr(view, "role", None)


def _operation(rule: Rule, operation: Operation, role: Role | None) -> dict[str, Any]:
    parameters = [_parameter("path", Parameter(name, _PATH[name])) for name in _names(rule)]
    parameters += [_parameter("query", each) for each in operation.parameters]
    described: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": operation.summary,
        "responses": _responses(operation, role),
    }
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = _body(operation)
    if role is not None:
        described["description"] = f"Role: {role.label} or above, where API keys are configured."
        described["security"] = [{}, {"bearer": []}, {"key": []}]
    return described


def _names(rule: Rule) -> list[str]:
    return _VARIABLE.findall(rule.rule)


def _parameter(where: str, parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": where,
        "required": where == "path",
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _body(operation: Operation) -> dict[str, Any]:
    assert operation.body is not None
    schema = _reference(operation.body)
    content: dict[str, Any] = {JSON: {"schema": schema}}
    if operation.parts:
        known = {"image": {"type": "string", "contentMediaType": "application/octet-stream"}, "query": schema}
        content[MULTIPART] = {
            "schema": {"type": "object", "properties": {name: known[name] for name in operation.parts}}
        }
        if "query" in operation.parts:
            content[MULTIPART]["encoding"] = {"query": {"contentType": JSON}}
    content |= {media: {} for media in operation.raw}
    return {"required": True, "content": content}


def _responses(operation: Operation, role: Role | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"} if operation.media == JSON else {}
    if operation.answer is not None:
        schema = _reference(operation.answer)
    elif operation.schema is not None:
        schema = dict(operation.schema)
    found: dict[str, dict[str, Any]] = {
        str(status): {"description": _REASONS[status]} for status in (operation.status, *operation.also)
    }
    if operation.status != 204:
        for described in found.values():
            described["content"] = {operation.media: {"schema": schema}}
    common = () if role is None else (401, 403, 429, 500, 503)
    for status in sorted({*operation.problems, *common}):
        found[str(status)] = {
            "description": _REASONS[status],
            "content": {_PROBLEM: {"schema": _reference(Problem)}},
        }
    return found


def _reference(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(name=struct.__name__)}


def version() -> str:
    """Of this package; 0 where it is not installed."""
    try:
        return metadata.version("solr-visual-search")
    except metadata.PackageNotFoundError:
        return "0"
