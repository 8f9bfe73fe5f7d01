"""What was measured stands beside a version: attached, shown, replaced, deleted, refused."""

from __future__ import annotations

import json

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE, until

from tensorflow_hub.client.publishing import publish

HANDLE = "acme/words/1"
ACCURACY = {
    "handle": HANDLE,
    "dataset": "reviews.csv",
    "metric": "accuracy",
    "value": 0.9,
    "low": 0.8,
    "high": 0.95,
    "examples": 50,
    "examples_per_second": 1234.5,
    "machine": "2 cores",
    "size": 1000,
    "task": "text-classification",
    "tool": "a test",
}


class Team:
    """A hub with `acme/words/1`, and tokens for its publisher, for another one, and for a private one."""

    def __init__(self, hub, folder):
        self.hub = hub
        self.done = publish(module(), card=card(HANDLE), hub=hub.url, token=hub.token)
        publish(module_with(folder / "m", b"x"), card=card("other/words/1"), hub=hub.url, token=hub.token)
        self.call("PATCH", "/api/v1/publishers/hidden", hub.token, json={"private": True})
        self.tokens = {
            name: self.new_token(scope, publisher)
            for name, scope, publisher in (
                ("reader", "read", "acme"),
                ("publisher", "publish", "acme"),
                ("colleague", "publish", "acme"),
                ("owner", "admin", "acme"),
                ("other", "publish", "other"),
                ("hidden", "publish", "hidden"),
            )
        }

    def new_token(self, scope, publisher):
        body = {"name": f"{scope} {publisher}", "scope": scope, "publisher": publisher}
        return self.call("POST", "/api/v1/tokens", self.hub.token, json=body).json()["secret"]

    def call(self, method, path, token=None, **options):
        headers = options.pop("headers", {})
        if token:
            headers = {"Authorization": f"Bearer {token}", **headers}
        return requests.request(method, self.hub.url + path, headers=headers, timeout=PATIENCE, **options)

    def attach(self, caller, **changes):
        return self.call("PUT", "/api/v1/measurements", self.tokens.get(caller), json={**ACCURACY, **changes})

    def measured(self, caller=None):
        found = self.call("GET", f"/api/v1/models/{HANDLE}", self.tokens.get(caller)).json()
        return found["measurements"]

    def page(self, **headers):
        return self.call("GET", f"/{HANDLE}", headers={"Accept": "text/html", **headers})


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A hub that takes measurements of others."""
    folder = tmp_path_factory.mktemp("measured")
    with HubProcess(folder / "data", TFHUB_SERVER_MEASUREMENTS_OF_OTHERS="1") as hub:
        yield Team(hub, folder)


@pytest.fixture(autouse=True)
def remove_measurements(team):
    """Each test begins without measurements."""
    yield
    for one in team.call("GET", f"/api/v1/models/{HANDLE}", team.hub.token).json()["measurements"]:
        team.call("DELETE", f"/api/v1/measurements/{one['id']}", team.hub.token)


def test_a_measurement_is_attached_and_read_back(team):
    answer = team.attach("publisher")
    assert answer.status_code == 201, answer.text
    [found] = team.measured("reader")
    assert found == answer.json()
    assert {key: found[key] for key in ACCURACY if key != "handle"} == {
        key: value for key, value in ACCURACY.items() if key != "handle"
    }
    assert (found["publisher"], found["by_others"], found["measured_by"]) == ("acme", False, "publish acme")
    assert team.measured()[0]["measured_by"] == "", "names of tokens are nobody else's business"


def test_the_version_stays_as_it_is(team):
    def download():
        return team.call("GET", f"/{HANDLE}?tf-hub-format=compressed")

    before = download()
    team.attach("publisher")
    after = download()
    assert (before.content, before.headers["etag"]) == (after.content, after.headers["etag"])


def test_changes_change_the_page_and_its_etag(team):
    before = team.page()

    def is_not_modified():
        nonlocal before
        answer = team.page(**{"If-None-Match": before.headers["etag"]})
        before = answer if answer.status_code == 200 else before
        return answer.status_code == 304

    until(is_not_modified, "the page, which shows the downloads of the tests before")
    team.attach("publisher")
    after = team.page(**{"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert "0.8 to 0.95" in after.text
    assert "1,234 examples/s on 2 cores" in after.text
    team.call("DELETE", f"/api/v1/measurements/{team.measured()[0]['id']}", team.hub.token)
    assert "0.8 to 0.95" not in team.page().text


def test_a_new_measurement_replaces_the_old_one(team):
    first = team.attach("publisher").json()["id"]
    again = team.attach("publisher", value=0.85)
    assert (again.status_code, again.json()["id"]) == (200, first)
    assert [one["value"] for one in team.measured()] == [0.85]
    assert team.attach("publisher", metric="balanced accuracy").status_code == 201
    assert team.attach("publisher", task="spam").status_code == 201
    assert len(team.measured()) == 3


def test_others_are_marked(team):
    team.attach("publisher")
    assert team.attach("other", publisher="other", value=0.1, low=None, high=None).status_code == 201
    assert [(one["publisher"], one["by_others"]) for one in team.measured()] == [
        ("acme", False),
        ("other", True),
    ]
    assert "not the publisher of the model" in team.page().text


def test_a_private_publisher_does_not_show(team):
    assert team.attach("hidden", publisher="hidden").status_code == 201
    assert team.measured() == team.measured("owner") == []
    assert [one["publisher"] for one in team.measured("hidden")] == ["hidden"]
    assert 'id="measured"' not in team.page().text
    [own] = team.measured("hidden")
    refused = team.call("DELETE", f"/api/v1/measurements/{own['id']}", team.tokens["owner"])
    assert refused.status_code == 404
    audit = team.call("GET", "/api/v1/audit?publisher=acme", team.tokens["owner"]).text
    assert "hidden" not in audit


@pytest.mark.parametrize(
    ("caller", "publisher", "status"),
    [
        (None, None, 401),
        ("reader", None, 403),
        ("other", None, 403),
        ("other", "acme", 403),
        ("other", "hidden", 403),
    ],
)
def test_only_people_who_may_publish_may_add_measurements(team, caller, publisher, status):
    assert team.attach(caller, publisher=publisher).status_code == status
    assert team.measured() == []


def test_others_need_a_setting(tmp_path):
    with HubProcess(tmp_path / "data") as hub:
        alone = Team(hub, tmp_path)
        refused = alone.attach("other", publisher="other")
        assert refused.status_code == 403
        assert "Only members of 'acme' attach what they measured" in refused.json()["error"]["message"]
        assert alone.attach("publisher").status_code == 201


@pytest.mark.parametrize(
    ("caller", "status"),
    [(None, 401), ("reader", 403), ("colleague", 403), ("other", 403), ("publisher", 204), ("owner", 204)],
)
def test_its_author_and_owners_can_delete_it(team, caller, status):
    number = team.attach("publisher").json()["id"]
    answer = team.call("DELETE", f"/api/v1/measurements/{number}", team.tokens.get(caller))
    assert answer.status_code == status
    assert (team.measured() == []) is (status == 204)


def test_the_owner_of_a_model_deletes_what_others_attached(team):
    number = team.attach("other", publisher="other").json()["id"]
    path = f"/api/v1/measurements/{number}"
    assert team.call("DELETE", path, team.tokens["publisher"]).status_code == 403
    assert team.call("DELETE", path, team.tokens["owner"]).status_code == 204
    assert team.call("DELETE", path, team.tokens["owner"]).status_code == 404
    assert team.call("DELETE", f"/api/v1/measurements/{'9' * 18}", team.tokens["owner"]).status_code == 404


def test_a_measurement_of_other_content_is_refused(team):
    assert team.attach("publisher", digest=team.done.digest).status_code == 201
    refused = team.attach("publisher", digest=f"sha256:{'0' * 64}")
    assert refused.status_code == 409
    assert f"which {HANDLE} does not have" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "0.9"}, "value"),
        ({"value": True}, "value"),
        ({"value": None}, "value"),
        ({"low": 0.91}, "low"),
        ({"high": 0.5}, "high"),
        ({"low": None}, "low"),
        ({"high": None}, "high"),
        ({"examples": -1}, "examples"),
        ({"examples": 1.5}, "examples"),
        ({"examples": 10**30}, "examples"),
        ({"examples_per_second": -0.5}, "examples_per_second"),
        ({"size": "1 GB"}, "size"),
        ({"dataset": ""}, "dataset"),
        ({"dataset": "   "}, "dataset"),
        ({"dataset": "x" * 201}, "dataset"),
        ({"dataset": "two\nlines"}, "dataset"),
        ({"dataset": "turned \u202e around"}, "dataset"),
        ({"dataset": ["a"] * 5000}, "dataset"),
        ({"metric": ""}, "metric"),
        ({"metric": "m" * 101}, "metric"),
        ({"task": "t\x00"}, "task"),
        ({"machine": "m" * 201}, "machine"),
        ({"tool": "\x1b[31m"}, "tool"),
        ({"dataset_url": "javascript:alert(1)"}, "dataset_url"),
        ({"dataset_url": "https://[bad"}, "dataset_url"),
        ({"dataset_url": "https://x/" + "y" * 1000}, "dataset_url"),
        ({"dataset_digest": "sha256:short"}, "dataset_digest"),
        ({"publisher": "p" * 101}, "publisher"),
        ({"higher_is_better": "yes"}, "higher_is_better"),
        ({"colour": 1}, "colour"),
    ],
)
def test_something_that_is_not_a_measurement_is_refused_and_the_field_named(team, changes, field):
    refused = team.attach("publisher", **changes)
    assert refused.status_code == 400
    assert f"field '{field}'" in refused.json()["error"]["message"], refused.text
    assert team.measured() == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "9" * 5000])
@pytest.mark.parametrize("field", ["value", "low", "examples_per_second", "examples"])
def test_numbers_that_are_none_are_refused_and_the_field_named(team, field, number):
    body = json.dumps({**ACCURACY, field: 0}).replace(f'"{field}": 0', f'"{field}": {number}')
    refused = team.call("PUT", "/api/v1/measurements", team.tokens["publisher"], data=body)
    assert refused.status_code == 400
    assert f"field '{field}'" in refused.json()["error"]["message"], refused.text


def test_markup_in_names_is_text(team):
    hostile = '<script>window.hacked = 1</script>"&'
    names = {"dataset": hostile, "metric": hostile, "task": hostile, "machine": hostile, "tool": hostile}
    url = "https://example.invalid/'\"><script>"
    assert team.attach("publisher", **names, dataset_url=url).status_code == 201
    page = team.page().text
    assert "<script>window" not in page
    assert "&lt;script&gt;window" in page
    assert "<script>" not in page


def test_a_publisher_attaches_a_hundred_and_no_more(team):
    for number in range(100):
        assert team.attach("publisher", dataset=f"set {number}").status_code == 201
    refused = team.attach("publisher", dataset="one more")
    assert refused.status_code == 422
    assert "acme has attached 100 measurements" in refused.json()["error"]["message"]
    assert team.attach("publisher", dataset="set 7", value=0.81).status_code == 200
    assert len(team.measured()) == 100
    assert "There are more in" in team.page().text
    assert len(team.page().content) < 60_000


def test_a_deleted_version_loses_them(team):
    handle = "acme/short-lived/1"
    publish(module(), card=card(handle), hub=team.hub.url, token=team.hub.token)
    number = team.attach("publisher", handle=handle).json()["id"]
    deletion = {"handle": handle, "reason": "A test."}
    assert team.call("POST", "/api/v1/deletions", team.hub.token, json=deletion).status_code == 200
    assert team.attach("publisher", handle=handle).status_code == 410
    assert team.call("DELETE", f"/api/v1/measurements/{number}", team.hub.token).status_code == 404


def test_actions_are_in_the_audit_log(team):
    number = team.attach("publisher").json()["id"]
    team.call("DELETE", f"/api/v1/measurements/{number}", team.tokens["owner"])
    entries = team.call("GET", "/api/v1/audit?publisher=acme", team.tokens["owner"]).json()["entries"]
    assert [(one["actor"], one["action"]) for one in entries[:2]] == [
        ("admin acme", "measurement.delete"),
        ("publish acme", "measurement.put"),
    ]
