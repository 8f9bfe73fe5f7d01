"""`tfhub mirror`: modules of Kaggle and tfhub.dev come into a real hub, with what their sources say."""

from __future__ import annotations

import json
import re
import tarfile

import pytest
from hub_content import card, module
from hub_process import HubProcess
from kaggle_server import files_of
from loopback import Answer
from pictures import picture

from tensorflow_hub.client.measurements import Figures, attach
from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.signing import add_key, sign_version
from tensorflow_hub.client.versions import put_card
from tensorflow_hub.signing.keys import new_private_key

ELMO = "https://tfhub.dev/google/elmo/3"
ELMO_ON_KAGGLE = "google/elmo/tensorFlow1/elmo/3"


@pytest.fixture
def hub(tmp_path):
    with HubProcess(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def mirror(services, hub):
    services.kaggle.publish(ELMO_ON_KAGGLE, {p: f.read_bytes() for p, f in files_of(module()).items()})

    def run(*arguments: str):
        done = services.tfhub("mirror", *arguments, "--json", TFHUB_URL=hub.url, TFHUB_TOKEN=hub.token)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    return run


def shown(services, hub, name: str) -> dict:
    return json.loads(services.tfhub("show", name, "--json", TFHUB_URL=hub.url).stdout)


def test_a_model_of_tfhub_dev_keeps_its_name_and_comes_once(services, hub, mirror):
    code, [report] = mirror(ELMO)
    assert code == 0
    assert (report["outcome"], report["name"]) == ("copied", "google/elmo/3")
    facts = shown(services, hub, "google/elmo/3")
    assert [deployment["kind"] for deployment in facts["deployments"]] == ["saved_model"]
    assert f"Copied from {ELMO}" in facts["card"]
    before = len(services.kaggle.storage.server.requests)
    code, [report] = mirror(ELMO)
    assert (code, report["outcome"]) == (0, "there already")
    assert len(services.kaggle.storage.server.requests) == before
    fetched = services.tfhub("pull", f"{hub.url}/google/elmo/3")
    assert fetched.returncode == 0, fetched.stderr


def test_names_on_kaggle_and_other_names(services, hub, mirror):
    code, [report] = mirror(f"kaggle://{ELMO_ON_KAGGLE}")
    assert (code, report["name"]) == (0, "google/elmo/tensorFlow1/elmo/3")
    code, [report] = mirror(f"kaggle://{ELMO_ON_KAGGLE}", "--to", "acme/words/7")
    assert (code, report["name"]) == (0, "acme/words/7")


def test_documentation_that_is_there_stays_and_finds_what_lacks_files(services, hub, mirror):
    put_card("google/elmo/3", card("google/elmo/3", "Placeholder"), hub=hub.url, token=hub.token)
    code, [report] = mirror("--all-matching", "line")
    assert (code, report["handle"], report["outcome"]) == (0, ELMO, "copied")
    facts = shown(services, hub, "google/elmo/3")
    assert facts["deployments"]
    assert "It multiplies." in facts["card"]
    code, said = mirror("--all-matching", "line")
    assert code == 3
    assert "and have no files, got none (of " in said


def test_failures_are_reported_and_the_others_continue(services, mirror, tmp_path):
    services.kaggle.server.interfere = lambda request: (
        Answer(403, b'{"code": 403, "message": "User has not consented to terms of use."}')
        if "/gemma/" in request.path
        else None
    )
    (tmp_path / "handles.txt").write_text(
        f"# what we need\nkaggle://google/gemma/tensorFlow2/2b/1\n\n{ELMO}  # for words\nhttps://files.example/x.tar.gz\n"
    )
    code, reports = mirror("--list", "handles.txt")
    assert [report["outcome"] for report in reports] == ["failed", "copied", "failed"]
    assert "https://www.kaggle.com/models/google/gemma" in reports[0]["hint"]
    assert "--to publisher/model/version" in reports[2]["hint"]
    assert code == 5


def test_the_documentation_of_a_hub_comes_with_its_module(services, hub, mirror, tmp_path):
    text = card("acme/cats/1", "Module", "license: mit", "derived-from: google/yamnet/1")
    (tmp_path / "card.md").write_text(text + "\n![Cats](pictures/cats.png)\n")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cats.png").write_bytes(picture())
    with HubProcess(tmp_path / "first", TFHUB_SERVER_MEASUREMENTS_OF_OTHERS="1") as first:
        to = {"hub": first.url, "token": first.token}
        publish(module(), card=tmp_path / "card.md", **to)
        attach("acme/cats/1", Figures("photos", "accuracy", 0.9), **to)
        publish(module(), card=card("other/words/1"), **to)
        attach("acme/cats/1", Figures("photos", "accuracy", 0.1), publisher="other", **to)
        url = f"{first.url}/acme/cats/1"
        code, [report] = mirror(url)
        assert (code, report["outcome"]) == (0, "copied")
        facts = shown(services, hub, "acme/cats/1")
        assert facts["card"] == (tmp_path / "card.md").read_text()
        assert facts["derived_from"] == ["google/yamnet/1"]
        assert [one["path"] for one in facts["pictures"]] == ["pictures/cats.png"]
        assert [(one["publisher"], one["value"]) for one in facts["measurements"]] == [("acme", 0.9)]
        # What is measured later comes with the next copy; what is there is not measured again.
        attach("acme/cats/1", Figures("photos", "loss", 2.0), **to)
        code, [report] = mirror(url)
        assert (code, report["outcome"]) == (0, "there already")
        measured = shown(services, hub, "acme/cats/1")["measurements"]
        assert sorted(one["metric"] for one in measured) == ["accuracy", "loss"]
        # Under another name it is the card of that; nobody there has measured it.
        code, [report] = mirror(url, "--to", "mine/pets/7")
        facts = shown(services, hub, "mine/pets/7")
        assert facts["card"].startswith("# Module mine/pets/7\n")
        assert [one["path"] for one in facts["pictures"]] == ["pictures/cats.png"]
        assert facts["measurements"] == []


def a_documented_module(folder, first):
    """Publishes a signed module with a picture and measurements, one of them by another publisher."""
    (folder / "card.md").write_text(card("acme/cats/1", "Module", "license: mit") + "\n![Cats](cats.png)\n")
    (folder / "cats.png").write_bytes(picture())
    key = new_private_key(folder / "key.pem")
    to = {"hub": first.url, "token": first.token}
    publish(module(), card=folder / "card.md", **to)
    publish(module(), card=card("other/words/1"), **to)
    add_key("acme", key.public, "key", **to)
    sign_version("acme/cats/1", module(), key, **to)
    attach("acme/cats/1", Figures("photos", "accuracy", 0.9), **to)
    attach("acme/cats/1", Figures("photos", "accuracy", 0.1), publisher="other", **to)
    return f"{first.url}/acme/cats/1", key


def test_a_bundle_feeds_a_hub_without_a_network(services, hub, tmp_path):
    bundle, there = tmp_path / "modules.tar", str(tmp_path / "there")
    with HubProcess(tmp_path / "first", TFHUB_SERVER_MEASUREMENTS_OF_OTHERS="1") as first:
        url, key = a_documented_module(tmp_path, first)
        assert services.tfhub("cache", "export", url, "-o", bundle).returncode == 0
        before = bundle.read_bytes()
        assert services.tfhub("cache", "export", url, "-o", bundle).returncode == 0
        assert bundle.read_bytes() == before
    with tarfile.open(bundle) as archive:
        [name] = [name for name in archive.getnames() if name.endswith(".documentation.json")]
        kept = json.load(archive.extractfile(name))
    assert re.fullmatch(r"20[0-9-]{8}T[0-9:]{8}Z", kept["card_updated_at"])
    # The first hub has stopped: all that follows comes from the bundle.
    inside = {"TFHUB_URL": hub.url, "TFHUB_TOKEN": hub.token, "TFHUB_CACHE_DIR": there}
    imported = services.tfhub("cache", "import", bundle, **inside)
    assert (imported.returncode, imported.stdout.strip()) == (0, url), imported.stderr
    # The bundle has the signature, but no key: a key is trusted only after an owner there has registered it.
    for outcome, signers in (("copied", []), ("there already", [key.public.id])):
        if signers:
            added = services.tfhub("keys", "add", "acme", str(key.public), **inside)
            assert added.returncode == 0, added.stderr
        done = services.tfhub("mirror", url, "--json", **inside)
        assert done.returncode == 0, done.stderr
        told = (
            "Register the key with `tfhub keys add acme KEY`, if the publisher gave it to you" in done.stderr
        )
        assert told == (not signers), done.stderr
        assert json.loads(done.stdout)[0]["outcome"] == outcome
        facts = shown(services, hub, "acme/cats/1")
        assert facts["card"] == (tmp_path / "card.md").read_text()
        assert [one["path"] for one in facts["pictures"]] == ["cats.png"]
        assert [(one["publisher"], one["value"]) for one in facts["measurements"]] == [("acme", 0.9)]
        assert [one["key"]["id"] for one in facts["signatures"]] == signers
    # An imported module can go into the next bundle, also offline.
    again = services.tfhub("cache", "export", url, "-o", bundle, **inside, TFHUB_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert bundle.read_bytes() == before
    assert services.tfhub("cache", "clear", url, **inside).returncode == 0
    assert not list((tmp_path / "there").glob("*.json"))


def test_a_bundle_of_another_source_has_its_card(services, hub, mirror, tmp_path):
    bundle = tmp_path / "modules.tar"
    handle = f"kaggle://{ELMO_ON_KAGGLE}"
    assert services.tfhub("cache", "export", handle, "-o", bundle).returncode == 0
    services.kaggle.server.interfere = lambda request: Answer(503)
    inside = {"TFHUB_URL": hub.url, "TFHUB_TOKEN": hub.token, "TFHUB_CACHE_DIR": str(tmp_path / "there")}
    assert services.tfhub("cache", "import", bundle, **inside).stdout.strip() == handle
    done = services.tfhub("mirror", handle, "--to", "acme/elmo/3", **inside)
    assert done.returncode == 0, done.stderr
    text = shown(services, hub, "acme/elmo/3")["card"]
    assert text.startswith("# Module acme/elmo/3\n")
    assert f"Copied from {handle}" in text
    assert "License, as its source names it:" in text


def test_a_list_that_is_not_text_is_reported(services, tmp_path):
    (tmp_path / "handles.txt").write_bytes(b"\xff\xfeacme/words/1\n")
    done = services.tfhub("mirror", "--list", tmp_path / "handles.txt")
    assert done.returncode == 1
    assert "Expected a list of handles in UTF-8" in done.stderr
    assert "Traceback" not in done.stderr
