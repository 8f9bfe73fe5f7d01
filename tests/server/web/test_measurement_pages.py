"""Measurements in the browser: who attached one corrects it or takes it away, and nobody else does."""

from __future__ import annotations

import pytest
from private_hub import HIDDEN, api, new_token
from web_visitor import Visitor

from tensorflow_hub.server.web.measurement_table import CHANGES

FIGURES = {
    "handle": HIDDEN,
    "dataset": "films <b>",
    "metric": "accuracy",
    "value": 0.9,
    "low": 0.8,
    "high": 0.95,
}


@pytest.fixture
def author(hub):
    """The token of somebody who publishes, and the browser that is signed in with it."""
    secret = new_token(hub, "publish")["secret"]
    browser = Visitor(hub.url)
    browser.sign_in(secret)
    return secret, browser


def attach(hub, secret, **changes):
    return api(hub, "PUT", "/api/v1/measurements", secret, json={**FIGURES, **changes}).json()["id"]


def value_of(hub, number):
    measured = api(hub, "GET", f"/api/v1/models/{HIDDEN}").json()["measurements"]
    return next((one for one in measured if one["id"] == number), None)


def test_an_author_finds_corrects_and_removes_a_measurement(hub, author):
    secret, browser = author
    number = attach(hub, secret)
    page = f"{CHANGES}/{number}"
    assert f'href="{page}"' in browser.open(f"/{HIDDEN}").text
    listed = browser.open(CHANGES).text
    assert f'href="{page}"' in listed
    assert "films &lt;b&gt;" in listed
    assert 'name="value" value="0.9"' in browser.open(page).text
    changed = browser.send(page, value=" 0.7 ", low="", high="", examples="50", machine="2 cores")
    assert (changed.status_code, changed.headers["Location"]) == (303, f"/{HIDDEN}#measured")
    now = value_of(hub, number)
    assert (now["value"], now["low"], now["examples"], now["machine"]) == (0.7, None, 50, "2 cores")
    assert (now["dataset"], now["metric"], now["publisher"]) == ("films <b>", "accuracy", "hidden")
    removed = browser.send(page, f"{page}/remove")
    assert (removed.status_code, removed.headers["Location"]) == (303, f"/{HIDDEN}#measured")
    assert value_of(hub, number) is None
    assert browser.open(page).status_code == 404
    actions = [
        entry["action"] for entry in api(hub, "GET", "/api/v1/audit?publisher=hidden").json()["entries"]
    ]
    assert {"measurement.put", "measurement.delete"} <= set(actions)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"value": "much"}, "Expected figures such as 0.93"),
        ({"value": "nan"}, "&#39;value&#39; as a finite number"),
        ({"value": "0.9", "low": "0.95", "high": "1"}, "at most the value 0.9"),
        ({"value": "0.9", "low": "", "high": "1"}, "the other end of the interval"),
        ({"value": "0.9", "examples": "-1"}, "Expected figures such as 0.93"),
        ({"value": "0.9", "low": "", "high": "", "machine": "a\x07b"}, "printable text"),
    ],
)
def test_invalid_figures_are_refused(hub, author, fields, told):
    secret, browser = author
    number = attach(hub, secret)
    answer = browser.send(f"{CHANGES}/{number}", **fields)
    assert answer.status_code == 400
    assert told in answer.text
    assert value_of(hub, number)["value"] == 0.9


@pytest.mark.parametrize(
    ("scope", "publisher", "status"),
    [
        ("read", "hidden", 403),
        ("publish", "hidden", 403),
        ("admin", "hidden", 200),
        ("admin", "elsewhere", 404),
    ],
)
def test_only_owners_change_what_another_attached(hub, author, scope, publisher, status):
    number = attach(hub, author[0])
    page = f"{CHANGES}/{number}"
    other = Visitor(hub.url)
    other.sign_in(new_token(hub, scope, publisher)["secret"])
    assert other.open(page).status_code == status
    assert page not in other.open(CHANGES).text
    assert (page in other.open(f"/{HIDDEN}").text) == (status == 200)
    if status == 200:
        assert other.send(page, value="0.5", low="", high="").status_code == 303
        assert value_of(hub, number)["value"] == 0.5
    else:
        form = author[1].open(page).text.partition('name="form_token" value="')[2].partition('"')[0]
        assert other.post(page, value="0.1", form_token=form).status_code == 403, (
            "the form of another browser"
        )
        own = other.open("/settings").text.partition('name="form_token" value="')[2].partition('"')[0]
        assert other.post(page, value="0.1", form_token=own).status_code == status
        assert other.post(f"{page}/remove", form_token=own).status_code == status
        assert value_of(hub, number)["value"] == 0.9


def test_nothing_is_changed_from_another_site_or_without_a_session(hub, author):
    secret, browser = author
    number = attach(hub, secret)
    page = f"{CHANGES}/{number}"
    for action in (page, f"{page}/remove"):
        forged = browser.send(page, action, headers={"Origin": "https://evil.example"}, value="0.1")
        assert forged.status_code == 403
        assert browser.post(action, value="0.1").status_code == 403
        assert Visitor(hub.url).post(action, value="0.1").status_code == 401
    assert Visitor(hub.url).open(page).status_code == 401
    assert value_of(hub, number)["value"] == 0.9
