"""Tables of the models that were measured on one dataset, as page and as JSON."""

from __future__ import annotations

import re

import pytest
from hub_content import card
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish

FIGURES = {"dataset": "reviews", "task": "text-classification"}


@pytest.fixture(scope="module")
def measure(hub_process):
    """Attaches a measurement as administrator."""
    import requests

    def put(handle, metric, value, **more):
        body = {"handle": handle, "metric": metric, "value": value, **FIGURES, **more}
        headers = {"Authorization": f"Bearer {hub_process.token}"}
        url = f"{hub_process.url}/api/v1"
        entry = {"handle": handle, "card": card(handle, "Placeholder")}
        if "linear" not in handle:
            requests.put(f"{url}/cards", json=entry, headers=headers, timeout=PATIENCE).raise_for_status()
        requests.put(f"{url}/measurements", json=body, headers=headers, timeout=PATIENCE).raise_for_status()

    return put


@pytest.fixture(scope="module")
def filled(measure, hub_process):
    """Three versions, measured by two metrics, one of which is an error."""
    from hub_content import module

    publish(module(), card=card("tables/linear/1"), hub=hub_process.url, token=hub_process.token)
    measure(
        "tables/linear/1", "accuracy", 0.8, low=0.7, high=0.9, examples_per_second=10, machine="an abacus"
    )
    measure("tables/best/1", "accuracy", 0.9, examples_per_second=500)
    measure("tables/best/1", "error", 0.3, higher_is_better=False)
    measure("tables/linear/1", "error", 0.2, higher_is_better=False)
    measure("tables/other/1", "accuracy", 0.5, dataset="pictures", task="image-classification")
    measure("tables/third/1", "error", 0.9, higher_is_better=False)


def order(answer):
    return [row["handle"].split("/")[1] for row in answer.json()["rows"]]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["best", "linear", "third"]),
        ("metric:accuracy", ["best", "linear", "third"]),
        ("-metric:accuracy", ["linear", "best", "third"]),
        ("metric:error", ["linear", "best", "third"]),
        ("-metric:error", ["third", "best", "linear"]),
        ("speed", ["best", "linear", "third"]),
        ("-speed", ["linear", "best", "third"]),
        ("size", ["linear", "best", "third"]),
        ("model", ["best", "linear", "third"]),
        ("-model", ["third", "linear", "best"]),
    ],
)
def test_a_table_is_sorted_by_metric_speed_and_size(api, filled, sort, expected):
    assert order(api("GET", f"/api/v1/measured?dataset=reviews&sort={sort}")) == expected
    page = api("GET", f"/s/measured?dataset=reviews&sort={sort}", headers={"Accept": "text/html"}).text
    assert re.findall(r'<th scope="row"><a href="/tables/(\w+)/1">', page) == expected


def test_values_come_with_their_intervals(api, filled):
    answer = api("GET", "/api/v1/measured?dataset=reviews&task=text-classification").json()
    assert answer["metrics"] == [
        {"name": "accuracy", "higher_is_better": True},
        {"name": "error", "higher_is_better": False},
    ]
    [linear] = [row for row in answer["rows"] if row["handle"] == "tables/linear/1"]
    assert linear["values"]["accuracy"] == {"value": 0.8, "low": 0.7, "high": 0.9, "examples": None}
    assert (linear["machine"], linear["publisher"], linear["by_others"]) == ("an abacus", "tables", False)
    assert linear["size"] > 0
    assert (answer["total"], answer["pages"]) == (3, 1)


def test_datasets_are_listed_by_task(api, filled):
    found = api("GET", "/api/v1/measured").json()["datasets"]
    assert {"task": "text-classification", "dataset": "reviews", "versions": 3} in found
    found = api("GET", "/api/v1/measured?task=image-classification").json()["datasets"]
    assert [one["dataset"] for one in found] == ["pictures"]
    page = api("GET", "/s/measured", headers={"Accept": "text/html"}).text
    assert '<a href="/s/measured?task=image-classification">Image classification</a>' in page
    assert 'href="/s/measured?task=image-classification&amp;dataset=pictures"' in page


def test_the_heading_of_the_order_shows_and_reverses_it(api, filled):
    page = api("GET", "/s/measured?dataset=reviews&sort=metric:error", headers={"Accept": "text/html"}).text
    assert page.count("aria-sort") == 1
    turned = r'aria-sort="ascending"><a href="/s/measured\?dataset=reviews&amp;sort=-metric%3Aerror"'
    assert re.search(turned, page)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("dataset=reviews&sort=beauty", "Expected an order of this table as 'sort', got 'beauty'"),
        ("dataset=reviews&sort=metric:beauty", "Expected an order of this table as 'sort'"),
        ("dataset=reviews&page=0", "Expected the field 'page' as int >= 1"),
        ("dataset=reviews&page=x", "Expected the field 'page' as int"),
        ("dataset=" + "d" * 201, "Expected the field 'dataset' as str of length <= 200"),
    ],
)
def test_queries_without_a_table_are_refused(api, filled, query, message):
    for path in ("/api/v1/measured", "/s/measured"):
        answer = api("GET", f"{path}?{query}", headers={"Accept": "application/json"})
        assert answer.status_code == 400
        assert message in answer.json()["error"]["message"]


def test_a_table_has_pages(api, measure):
    for number in range(52):
        measure(f"paged/model{number}/1", "accuracy", number / 100, dataset="paged")
    first = api("GET", "/api/v1/measured?dataset=paged").json()
    second = api("GET", "/api/v1/measured?dataset=paged&page=2").json()
    assert (len(first["rows"]), len(second["rows"]), second["pages"]) == (50, 2, 2)
    assert first["rows"][0]["handle"] == "paged/model51/1"
    page = api("GET", "/s/measured?dataset=paged&page=2", headers={"Accept": "text/html"}).text
    assert "Page 2 of 2" in page
    assert "There is no page 3" in api("GET", "/s/measured?dataset=paged&page=3").text


def test_private_and_withdrawn_versions_are_in_no_table(api, admin, measure, new_token):
    measure("tables-closed/model/1", "accuracy", 0.7, dataset="private set")
    measure("tables-open/model/1", "accuracy", 0.7, dataset="open set")
    assert order(api("GET", "/api/v1/measured?dataset=private set")) == ["model"]
    api("PATCH", "/api/v1/publishers/tables-closed", admin, json={"private": True})
    body = {"handle": "tables-open/model/1", "reason": "A test."}
    assert api("POST", "/api/v1/withdrawals", admin, json=body).status_code == 200
    for dataset in ("private set", "open set"):
        assert order(api("GET", f"/api/v1/measured?dataset={dataset}")) == []
        assert dataset not in api("GET", "/s/measured").text
    reader = new_token("read", "tables-closed")
    assert order(api("GET", "/api/v1/measured?dataset=private set", reader)) == ["model"]
