"""The API's description is complete, in OpenAPI and in words, and it tells the truth."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import requests
from hub_process import HubProcess
from hypothesis import HealthCheck, Phase, given, settings
from patience import PATIENCE

from tensorflow_hub.server.api_description import describe_api
from tensorflow_hub.server.core.problems import ANSWERS
from tensorflow_hub.server.routes import API, ROUTES

PATHS = describe_api(API, "http://hub")["paths"]


def described_routes():
    for route in ROUTES:
        path = re.sub(r":\w+}", "}", route.path)
        if path.startswith(("/api/v1/", "/v1/")) or path.endswith(":predict"):
            for method in sorted(route.methods - {"HEAD"}):
                yield method, path


@pytest.mark.parametrize(("method", "path"), list(described_routes()))
def test_every_endpoint_is_in_openapi(method, path):
    if path == "/api/v1/openapi.json":
        pytest.skip("the description does not describe itself")
    assert method.lower() in PATHS[path]


def test_openapi_describes_nothing_else():
    routes = set(described_routes())
    for path, operations in PATHS.items():
        for method in operations:
            assert (method.upper(), path) in routes


@pytest.mark.parametrize(("method", "path"), list(described_routes()))
def test_every_endpoint_is_in_the_page(repository, method, path):
    text = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    shown = re.escape(f"{method} {path}").replace(r"\{handle\}", r"<\S+>")
    shown = re.sub(r"\\{\w+\\}", r"<\\S+>", shown)
    assert re.search(f"`{shown}`", text), f"{method} {path} is not in docs/api.md"


def test_a_limit_is_reported_wherever_its_endpoint_is_described(repository, api):
    limit = "TFHUB_SERVER_PUBLISHES_PER_HOUR` uploads with one token"
    begin = PATHS["/api/v1/uploads"]["post"]
    assert limit in begin["description"]
    assert "429" in begin["responses"]
    assert "429" not in PATHS["/api/v1/search"]["get"]["responses"]
    page = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.startswith("| `POST /api/v1/uploads` |")]
    assert limit in row
    assert "uploads with one token" in api("GET", "/help/api").text


def test_every_code_of_an_error_is_in_the_page(repository):
    text = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    for _, status, code in ANSWERS:
        if status not in {500, 502}:
            assert f"`{code}`" in text


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory):
    """A hub for requests that may do anything, such as revoking the token that they carry."""
    with HubProcess(tmp_path_factory.mktemp("own") / "data") as hub:
        yield hub


def test_the_hub_answers_as_described(own_hub):
    """schemathesis makes requests from the description, a few for each operation."""
    schemathesis = pytest.importorskip("schemathesis")
    description = describe_api(API, own_hub.url)
    token = {"Authorization": f"Bearer {own_hub.token}"}

    def ask(case):
        try:
            answer = case.call(base_url=own_hub.url, headers=token, timeout=PATIENCE)
        except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeEncodeError):
            return
        where = f"{case.method} {case.formatted_path}"
        assert answer.status_code < 500, f"{where}: {answer.text}"
        if answer.status_code < 400:
            case.operation.validate_response(answer)
        elif answer.content.startswith(b"{"):
            error = answer.json()["error"]
            is_of_serving = case.operation.path.startswith("/v1/") or case.operation.path.endswith(":predict")
            if is_of_serving:
                assert isinstance(error, str), where
            else:
                assert set(error) >= {"code", "message", "hint"}, where

    for found in schemathesis.openapi.from_dict(description).get_all_operations():
        check = given(case=found.ok().as_strategy())(ask)
        settings(
            max_examples=12,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(check)()


def test_the_json_fits_its_schema(api, linear):
    jsonschema = pytest.importorskip("jsonschema")
    description = describe_api(API, "http://hub")
    schema = {"$ref": "#/components/schemas/Version", "components": description["components"]}
    jsonschema.validate(api("GET", "/api/v1/models/shared/linear/1").json(), schema)
    schema["$ref"] = "#/components/schemas/Model"
    jsonschema.validate(api("GET", "/api/v1/models/shared/linear").json(), schema)


def test_the_description_is_the_same_in_every_process():
    """Hashes of types differ between processes; what readers compare and caches keep may not."""
    program = (
        "import json; from tensorflow_hub.server.api_description import describe_api; "
        "from tensorflow_hub.server.routes import API; print(json.dumps(describe_api(API, '')))"
    )
    described = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(described) == 1
