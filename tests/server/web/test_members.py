"""Members of a publisher: invited and managed in the browser and by the API; rights end with the role."""

from __future__ import annotations

import html
import re

import pytest
import requests
from patience import PATIENCE
from private_hub import HIDDEN, api, new_token, private_hub
from web_visitor import Visitor

MEMBERS = "/settings/publishers/hidden"


def invite(owner, role, note=""):
    """The path of an invitation's page."""
    made = owner.send(MEMBERS, f"{MEMBERS}/invitations", role=role, note=note)
    assert made.status_code == 201, made.text
    return html.unescape(re.search(r"<code>([^<]*/settings/join\?code=[^<]*)</code>", made.text)[1])[
        len(owner.url) :
    ]


def join(visitor, path, name):
    """Accepts an invitation as a new user; the token by which that user signs in."""
    joined = visitor.send(path, "/settings/join", name=name)
    assert joined.status_code == 201, joined.text
    assert joined.headers["Cache-Control"] == "no-store"
    return re.search(r"<code>(tfhub_[\w-]+)</code>", joined.text)[1]


def member(hub, name):
    found = api(hub, "GET", "/api/v1/publishers/hidden/members").json()["members"]
    return next((entry for entry in found if entry["name"] == name), None)


def status(hub, method, path, token, **options):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, hub.url + path, headers=headers, timeout=PATIENCE, **options).status_code


def test_a_person_is_invited_joins_and_is_removed(hub, owner, visitor):
    path = invite(owner, "reader", "for Ada")
    assert "for Ada" in owner.open(MEMBERS).text
    token = join(visitor, path, "ada")
    assert visitor.open(f"/{HIDDEN}").status_code == 200
    assert member(hub, "ada")["role"] == "reader"
    assert "for Ada" not in owner.open(MEMBERS).text
    again = Visitor(hub.url)
    assert again.sign_in(token).status_code == 303
    assert again.open(f"/{HIDDEN}").status_code == 200
    action = f"{MEMBERS}/members/{member(hub, 'ada')['user']}"
    assert owner.send(MEMBERS, action, role="remove").status_code == 303
    for each in (visitor, again):
        assert each.open(f"/{HIDDEN}").status_code == 404
        assert each.open("/settings").status_code == 200, "still a user of this hub"
    assert status(hub, "GET", f"/api/v1/models/{HIDDEN}", token) == 404


@pytest.mark.parametrize("role", ["reader", "publisher", "owner"])
def test_a_member_may_what_the_role_says(hub, owner, visitor, role):
    token = join(visitor, invite(owner, role), f"role-{role}")
    rank = ["reader", "publisher", "owner"].index(role)
    promise = {"handle": f"hidden/of-{role}/1", "size": 9, "sha256": "0" * 64}
    assert status(hub, "GET", f"/api/v1/models/{HIDDEN}", token) == 200
    assert status(hub, "POST", "/api/v1/uploads", token, json=promise) == (201 if rank > 0 else 403)
    assert status(hub, "GET", "/api/v1/publishers/hidden/members", token) == (200 if rank > 1 else 403)
    assert status(hub, "GET", "/api/v1/publishers/other/members", token) == 403
    assert status(hub, "GET", "/metrics", token) == 403
    assert visitor.open(MEMBERS).status_code == (200 if rank > 1 else 403)
    assert visitor.open(f"{MEMBERS}/audit").status_code == (200 if rank > 1 else 403)
    assert ("Members, profile, webhooks and audit log" in visitor.open("/hidden").text) is (rank > 1)
    refused = visitor.open(MEMBERS).text if rank < 2 else ""
    assert ("ask an owner of this publisher" in refused) is (rank < 2)
    assert "Private models are shown only" not in refused


@pytest.mark.parametrize("role", ["reader", "remove"])
def test_the_last_owner_stays_unless_an_administrator_says_otherwise(hub, owner, role):
    name = f"lonely-{role}"
    api(hub, "PATCH", f"/api/v1/publishers/{name}", json={"private": True})
    people = {}
    for person in ("first", "second"):
        path = f"/api/v1/publishers/{name}/invitations"
        url = api(hub, "POST", path, json={"role": "owner"}).json()["url"]
        people[person] = Visitor(hub.url)
        join(people[person], url[len(hub.url) :], f"{person}-{role}")
    members = f"/api/v1/publishers/{name}/members"
    found = {each["name"]: each["user"] for each in api(hub, "GET", members).json()["members"]}
    page = f"/settings/publishers/{name}"
    second, first = (f"{page}/members/{found[f'{person}-{role}']}" for person in ("second", "first"))
    assert people["first"].send(page, second, role=role).status_code == 303
    refused = people["first"].send(page, first, role=role)
    assert refused.status_code == 409
    assert f"is the last owner of &#39;{name}&#39;" in refused.text
    assert people["first"].send(page, first, role="owner").status_code == 303
    api(hub, "DELETE", f"{members}/{found[f'first-{role}']}")


def test_a_role_changes_at_once_also_for_tokens(hub, owner, visitor):
    join(visitor, invite(owner, "publisher"), "grace")
    made = visitor.send("/settings/tokens", name="ci", publisher="hidden", scope="publish", days="7")
    ci = re.search(r"<code>(tfhub_[\w-]+)</code>", made.text)[1]
    too_much = visitor.send("/settings/tokens", name="ci", publisher="hidden", scope="admin", days="7")
    assert too_much.status_code == 403
    assert status(hub, "PUT", "/api/v1/cards", ci, json={"handle": HIDDEN, "card": "# "}) == 422
    user = member(hub, "grace")["user"]
    assert owner.send(MEMBERS, f"{MEMBERS}/members/{user}", role="reader").status_code == 303
    assert status(hub, "PUT", "/api/v1/cards", ci, json={"handle": HIDDEN, "card": "# "}) == 403
    assert status(hub, "GET", f"/api/v1/models/{HIDDEN}", ci) == 200
    api(hub, "PATCH", f"/api/v1/publishers/hidden/members/{user}", json={"role": "owner"})
    assert status(hub, "PUT", "/api/v1/cards", ci, json={"handle": HIDDEN, "card": "# "}) == 422
    assert status(hub, "GET", "/api/v1/tokens?publisher=hidden", ci) == 403, "no more than its scope"


def test_a_token_of_a_user_is_good_for_one_publisher_where_it_says_so(hub, owner, visitor):
    join(visitor, invite(owner, "owner"), "linus")
    api(hub, "PATCH", "/api/v1/publishers/second", json={"private": True})
    second = api(hub, "POST", "/api/v1/publishers/second/invitations", json={"role": "reader"}).json()["url"]
    assert visitor.send(second[len(hub.url) :], "/settings/join").status_code == 303
    assert visitor.open("/second").status_code == 200
    assert visitor.open(f"/{HIDDEN}").status_code == 200
    secrets = {}
    for publisher in ("hidden", ""):
        made = visitor.send("/settings/tokens", name="x", publisher=publisher, scope="read", days="")
        secrets[publisher] = re.search(r"<code>(tfhub_[\w-]+)</code>", made.text)[1]
    assert status(hub, "GET", "/api/v1/publishers/second", secrets["hidden"]) == 404
    assert status(hub, "GET", "/api/v1/publishers/second", secrets[""]) == 200
    less = Visitor(hub.url)
    less.sign_in(secrets["hidden"])
    more = less.send("/settings/tokens", name="x", publisher="", scope="read", days="7")
    assert more.status_code == 403
    assert "You are signed in with a token that has fewer rights" in more.text


def test_no_field_overrides_the_url(hub, owner):
    api(hub, "PATCH", "/api/v1/publishers/third", json={"private": True})
    admin = Visitor(hub.url)
    admin.sign_in(hub.token)
    made = admin.send(MEMBERS, f"{MEMBERS}/invitations", role="reader", note="of the URL", publisher="third")
    assert made.status_code == 201
    invited = {
        name: api(hub, "GET", f"/api/v1/publishers/{name}/members").json()["invitations"]
        for name in ("hidden", "third")
    }
    assert [entry["note"] for entry in invited["third"]] == []
    assert "of the URL" in [entry["note"] for entry in invited["hidden"]]


def test_guesses_of_invitations_are_slowed_down_in_links_and_forms(tmp_path):
    with private_hub(tmp_path / "data", "sqlite", TFHUB_SERVER_GUESSES_PER_MINUTE="2") as hub:
        visitor = Visitor(hub.url)
        token = re.search(r'name="form_token" value="(\w+)"', visitor.open("/login").text)[1]
        form = {"form_token": token, "name": "mallory"}
        assert visitor.post("/settings/join", code="a", **form).status_code == 404
        assert visitor.open("/settings/join?code=b").status_code == 404
        assert visitor.post("/settings/join", code="c", **form).status_code == 429
        assert visitor.open("/settings/join?code=d").status_code == 429


def test_an_invitation_is_good_once_and_can_be_taken_back(hub, owner, visitor):
    path = invite(owner, "reader")
    join(visitor, path, "first")
    assert Visitor(hub.url).open(path).status_code == 404
    other = invite(owner, "reader", "by mistake")
    page = owner.open(MEMBERS).text
    row = page.partition("by mistake")[2]  # others are open too
    action = re.search(rf'action="({MEMBERS}/invitations/\d+/withdraw)"', row)[1]
    assert owner.send(MEMBERS, action).status_code == 303
    assert Visitor(hub.url).open(other).status_code == 404


@pytest.mark.parametrize("name", ["", "a b", "<script>", "x" * 64, "-x", "ünï", "boss@acme.example"])
def test_names_of_users_are_plain(hub, owner, visitor, name):
    path = invite(owner, "reader")
    assert visitor.send(path, "/settings/join", name=name).status_code == 400
    assert visitor.open(path).status_code == 200, "the invitation is not used up"


def test_no_two_users_have_one_name(hub, owner, visitor):
    join(visitor, invite(owner, "reader"), "Barbara")
    answer = Visitor(hub.url).send(invite(owner, "reader"), "/settings/join", name="barbara")
    assert answer.status_code == 409
    assert "There is already a user &#39;barbara&#39;" in answer.text


def test_an_invitation_to_less_takes_nothing_away(hub, owner, visitor):
    join(visitor, invite(owner, "owner"), "ken")
    assert visitor.send(invite(owner, "reader"), "/settings/join").status_code == 303
    assert member(hub, "ken")["role"] == "owner"


def test_the_audit_page_tells_who_did_what_and_pages_on(hub, owner, visitor):
    join(visitor, invite(owner, "reader"), "margaret")
    for _ in range(60):
        api(hub, "PATCH", "/api/v1/publishers/hidden", json={"title": "Hidden"})
    page = owner.open(f"{MEMBERS}/audit").text
    assert page.count("first administrator") == 50
    earlier = re.search(rf'href="({MEMBERS}/audit\?before=\d+)"', page)[1]
    older = owner.open(earlier).text
    assert "member.join" in older
    assert "margaret" in older
    assert owner.open(f"{MEMBERS}/audit?before=x").status_code == 400


def test_an_owner_sets_title_description_and_privacy(hub):
    api(hub, "PATCH", "/api/v1/publishers/shown", json={"title": "Old", "description": "Before."})
    owner, stranger = Visitor(hub.url), Visitor(hub.url)
    owner.sign_in(new_token(hub, "admin", "shown")["secret"])
    page = "/settings/publishers/shown/profile"
    assert 'value="Old"' in owner.open(page).text
    fields = {"title": "Shown <b>", "description": "Line one.\r\nLine two.", "private": "on"}
    changed = owner.send(page, **fields)
    assert (changed.status_code, changed.headers["Location"]) == (303, "/shown")
    facts = api(hub, "GET", "/api/v1/publishers/shown").json()
    assert facts["title"] == "Shown <b>"
    assert facts["description"] == "Line one.\nLine two."
    assert facts["private"]
    assert stranger.open("/shown").status_code == 404
    assert 'value="Shown &lt;b&gt;"' in owner.open(page).text
    # Only what differs is changed, and is in the audit log.
    assert owner.send(page, title="Shown", description="Line one.\r\nLine two.").status_code == 303
    assert stranger.open("/shown").status_code == 200
    entries = api(hub, "GET", "/api/v1/audit?publisher=shown").json()["entries"]
    assert entries[0]["detail"] == {"title": "Shown", "private": False}


@pytest.mark.parametrize("scope", ["read", "publish"])
def test_only_an_owner_sees_and_changes_the_profile(hub, visitor, scope):
    visitor.sign_in(new_token(hub, scope)["secret"])
    token = visitor.open("/settings").text.partition('name="form_token" value="')[2].partition('"')[0]
    page = "/settings/publishers/hidden/profile"
    assert visitor.open(page).status_code == 403
    assert visitor.post(page, form_token=token, title="Mine", private="").status_code == 403
    assert api(hub, "GET", "/api/v1/publishers/hidden").json()["private"]


def test_owners_of_others_learn_nothing(hub, visitor):
    visitor.sign_in(new_token(hub, "admin", "elsewhere")["secret"])
    answers = {name: visitor.open(f"/settings/publishers/{name}") for name in ("hidden", "absent")}
    assert {answer.status_code for answer in answers.values()} == {403}
    assert answers["hidden"].text.replace("hidden", "absent") == answers["absent"].text.replace(
        "hidden", "absent"
    )
