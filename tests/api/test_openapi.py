from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient

from api import openapi
from vision.search.request import SearchRequest


def is_page(client: FlaskClient, endpoint: str) -> bool:
    view = client.application.view_functions[endpoint]
    return endpoint == "static" or view.__module__.startswith("api.pages")


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_route_is_described_and_nothing_else(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in client.application.url_map.iter_rules()
        if not is_page(client, rule.endpoint)
        for method in openapi.methods(rule)
    }
    assert routes == {(path, method) for path, methods in document["paths"].items() for method in methods}


def test_every_reference_leads_somewhere(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    found = set(references(document))
    assert found
    assert {each.rpartition("/")[2] for each in found} <= set(document["components"]["schemas"])


def test_the_search_is_described(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    search = document["paths"]["/v1/search"]["post"]
    assert set(search["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert {"200", "400", "413", "415", "422", "503"} <= set(search["responses"])
    schema = document["components"]["schemas"]["SearchRequest"]
    assert set(schema["properties"]) == set(SearchRequest.__struct_fields__)


def test_paths_name_their_parameters(client: FlaskClient) -> None:
    for path, methods in client.get("/openapi.json").get_json()["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
            assert operation["summary"]


def test_importing_the_application_loads_no_model_runtime() -> None:
    script = "import sys, json, api.app, api.serving.serve; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"tensorflow", "keras", "onnxruntime", "sklearn", "playwright"}
