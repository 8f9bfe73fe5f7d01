"""What a model is derived from and what is derived from it: in JSON and on both pages."""

from __future__ import annotations

import pytest
from hub_content import card


@pytest.fixture
def entry(api, admin):
    """Publishes an entry without files, or corrects its card."""

    def put(handle, *origins):
        fields = [f"derived-from: {origin}" for origin in origins]
        body = {"handle": handle, "card": card(handle, "Placeholder", *fields)}
        answer = api("PUT", "/api/v1/cards", admin, json=body)
        assert answer.status_code in {200, 201}, answer.text

    return put


@pytest.fixture
def shown(api):
    """The JSON and the page of a version, for a token."""

    def get(handle, token=None):
        page = api("GET", f"/{handle}", token, headers={"Accept": "text/html"}).text
        return api("GET", f"/api/v1/models/{handle}", token).json(), page

    return get


def test_both_sides_tell_of_each_other(entry, shown):
    entry("made/origin/1")
    entry("made/first/1", "made/origin/1")
    entry("made/first/2", "made/origin/1")
    entry("made/of-any-version/1", "made/origin")
    entry("made/of-another-version/1", "made/origin/2")
    found, page = shown("made/origin/1")
    assert (found["derived_from"], found["used_by"]) == ([], ["made/first/2", "made/of-any-version/1"])
    assert '<a href="/made/first/2">' in page
    assert "made/of-another-version" not in page.partition('id="used-by"')[2].partition("</section>")[0]
    found, page = shown("made/first/2")
    assert found["derived_from"] == ["made/origin/1"]
    assert '<dt>Derived from</dt><dd><a href="/made/origin/1">' in page


def test_a_corrected_card_tells_something_else(entry, shown):
    entry("corrected/origin/1")
    entry("corrected/child/1", "corrected/origin/1")
    before = shown("corrected/origin/1")[1]
    entry("corrected/child/1")
    assert shown("corrected/origin/1")[0]["used_by"] == []
    assert shown("corrected/origin/1")[1] != before


def test_circles_and_what_is_not_there_do_no_harm(entry, shown):
    entry("circle/one/1", "circle/two/1", "circle/nothing/7")
    entry("circle/two/1", "circle/one/1", "circle/two/1")
    found, page = shown("circle/one/1")
    assert found["derived_from"] == ["circle/two/1", "circle/nothing/7"]
    assert found["used_by"] == ["circle/two/1"]
    assert "circle/nothing/7" in page
    assert shown("circle/two/1")[0]["used_by"] == ["circle/one/1"]


def test_modules_of_elsewhere_are_named(entry, shown):
    entry(
        "elsewhere/child/1", "https://hub.example/acme/words/1", "kaggle://google/yamnet/tensorFlow2/yamnet"
    )
    found, page = shown("elsewhere/child/1")
    assert len(found["derived_from"]) == 2
    assert 'href="https://hub.example/acme/words/1" rel="nofollow noopener noreferrer"' in page
    assert 'href="kaggle:' not in page
    assert "kaggle://google/yamnet" in page


def test_a_private_derived_model_is_shown_to_its_readers_only(entry, shown, api, admin, new_token):
    entry("open/origin/1")
    api("PATCH", "/api/v1/publishers/closed-child", admin, json={"private": True})
    entry("closed-child/model/1", "open/origin/1")
    assert shown("open/origin/1")[0]["used_by"] == []
    assert "closed-child" not in shown("open/origin/1")[1]
    found, page = shown("open/origin/1", new_token("read", "closed-child"))
    assert found["used_by"] == ["closed-child/model/1"]
    assert "closed-child/model/1" in page


def test_withdrawn_and_deleted_versions_are_not_listed_as_users(entry, shown, api, admin):
    entry("gone/origin/1")
    for number, action in enumerate(("withdrawals", "deletions"), 1):
        entry(f"gone/child{number}/1", "gone/origin/1")
        body = {"handle": f"gone/child{number}/1", "reason": "A test."}
        assert api("POST", f"/api/v1/{action}", admin, json=body).status_code == 200
    assert shown("gone/origin/1")[0]["used_by"] == []


@pytest.mark.parametrize("origin", ["javascript:alert(1)", "no handle", "https://a b", "../x"])
def test_something_that_is_not_a_module_is_refused(api, admin, origin):
    handle = "refused/child/1"
    body = {"handle": handle, "card": card(handle, "Placeholder", f"derived-from: {origin}")}
    refused = api("PUT", "/api/v1/cards", admin, json=body)
    assert refused.status_code == 422
    assert "'derived-from'" in refused.json()["error"]["message"]
