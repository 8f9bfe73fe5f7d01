"""Badge, citation and notebook of a version: for those who may read it, and made of what it is."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import nbformat
import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import put_card, withdraw

SVG = "{http://www.w3.org/2000/svg}"
CITED = "@article{words2026,\n  title={A {W}ord},\n}"
DOCUMENTS = {"badge": "svg", "cite": "bibtex", "notebook": "ipynb", "sbom": "cyclonedx"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    with HubProcess(folder / "data") as hub:
        to = {"hub": hub.url, "token": hub.token}
        publish(module(), card=card("acme/words/1"), **to)
        text = card("acme/words/2").replace("A line", 'Not \\[a\\](javascript:alert(1)) line & "more"')
        publish(module_with(folder / "m2", b"2"), card=f"{text}\n```\n{CITED}\n```\n", **to)
        put_card("acme/family/1", card("acme/family/1", "Placeholder"), **to)
        headers = {"Authorization": f"Bearer {hub.token}"}
        url = f"{hub.url}/api/v1/publishers/hidden"
        requests.patch(url, json={"private": True}, headers=headers, timeout=PATIENCE).raise_for_status()
        publish(module(), card=card("hidden/words/1"), **to)
        withdraw("acme/words/1", "Wrong labels.", **to)
        yield hub


def get(hub, path, **headers):
    return requests.get(f"{hub.url}{path}", headers=headers, timeout=PATIENCE)


def test_the_badge_tells_name_version_and_downloads(hub):
    answer = get(hub, "/acme/words?badge=svg")
    assert answer.url.endswith("/acme/words/2?badge=svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    drawing = ET.fromstring(answer.content)
    assert [text.text for text in drawing.iter(f"{SVG}text")] == ["acme/words", "version 2 · 0 downloads"]
    withdrawn = ET.fromstring(get(hub, "/acme/words/1?badge=svg").content)
    assert [text.text for text in withdrawn.iter(f"{SVG}text")] == ["acme/words", "version 1 · withdrawn"]


def test_a_badge_is_kept_by_others_for_a_while(hub):
    answer = get(hub, "/acme/words/2?badge=svg")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = get(hub, "/acme/words/2?badge=svg", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_bibtex_of_the_card_is_cited_or_else_the_version(hub):
    answer = get(hub, "/acme/words/2?cite=bibtex")
    assert answer.text == CITED + "\n"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme_words_2.bib"'
    made = get(hub, "/acme/words/1?cite=bibtex").text
    assert made.startswith("@misc{acme_words_1,\n  title = {acme/words, version 1},\n  author = {{acme}},\n")
    assert f"howpublished = {{\\url{{{hub.url}/acme/words/1}}}}" in made
    assert "words2026" in get(hub, "/acme/words/2").text


def test_the_notebook_is_valid_and_holds_the_programs_of_the_page(hub):
    answer = get(hub, "/acme/words/2?notebook=ipynb")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme_words_2.ipynb"'
    notebook = nbformat.reads(answer.text, as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == 3
    assert all(f'"{hub.url}/acme/words/2"' in program for program in code)
    words = notebook.cells[0].source
    assert words.startswith('# acme/words/2\n\nNot \\[a\\]\\(javascript:alert\\(1\\)\\) line \\& "more"')
    assert "pip install" in notebook.cells[1].source
    assert "?notebook=ipynb" in get(hub, "/acme/words/2").text


def test_a_version_without_programs_in_python_has_no_notebook(hub):
    answer = get(hub, "/acme/family/1?notebook=ipynb")
    assert answer.status_code == 404
    assert "no program in Python" in answer.text
    assert "notebook" not in get(hub, "/acme/family/1").text


def test_the_bill_of_materials_lists_the_files_and_what_runs_it(hub):
    answer = get(hub, "/acme/words/2?sbom=cyclonedx")
    assert answer.headers["Content-Type"] == "application/vnd.cyclonedx+json; version=1.6"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme_words_2.cdx.json"'
    document = answer.json()
    model, *libraries = document["components"]
    assert document["metadata"]["component"]["bom-ref"] == "acme/words/2"
    assert [one["purl"] for one in libraries] == ["pkg:pypi/tensorflow"]
    listed = get(hub, "/api/v1/files/acme/words/2").json()["files"]
    assert [(one["name"], one["hashes"][0]["content"]) for one in model["components"]] == [
        (file["path"], file["sha256"]) for file in listed
    ]
    deployment = get(hub, "/api/v1/models/acme/words/2").json()["deployments"][0]
    assert [one["name"] for one in deployment["needs"]["packages"]] == ["tensorflow"]
    assert deployment["needs"]["not_known"] == []
    distribution = model["externalReferences"][0]
    assert distribution["url"] == deployment["url"]
    assert distribution["hashes"][0]["content"] == deployment["archive_sha256"]
    page = get(hub, "/acme/words/2").text
    assert "What it needs" in page
    assert "/acme/words/2?sbom=cyclonedx" in page


def test_a_version_without_files_has_no_bill_of_materials(hub):
    answer = get(hub, "/acme/family/1?sbom=cyclonedx")
    assert answer.status_code == 404
    assert "its files are not here" in answer.text
    assert "sbom" not in get(hub, "/acme/family/1").text


@pytest.mark.parametrize("parameter", DOCUMENTS)
def test_another_value_is_reported(hub, parameter):
    answer = get(hub, f"/acme/words/2?{parameter}=png", Accept="application/json")
    assert answer.status_code == 400
    assert f"Expected {parameter}={DOCUMENTS[parameter]}, got 'png'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("parameter", "value"), DOCUMENTS.items())
def test_documents_of_what_is_private_are_for_its_readers_only(hub, parameter, value):
    path = f"/hidden/words/1?{parameter}={value}"
    stranger, absent = get(hub, path), get(hub, path.replace("hidden", "nobody"))
    assert stranger.status_code == absent.status_code == 404
    reader = get(hub, path, Authorization=f"Bearer {hub.token}")
    assert reader.status_code == 200
    assert reader.headers["Cache-Control"].startswith("private")
    assert "public" not in reader.headers["Cache-Control"]
    if parameter == "notebook":
        assert "tfhub login" in reader.text


def test_a_long_text_about_a_publisher_says_that_it_is_cut(hub):
    for length, cut in ((1_000, False), (150_000, True)):
        body = {"card": "# Acme\n\n" + "word " * (length // 5)}
        headers = {"Authorization": f"Bearer {hub.token}"}
        url = f"{hub.url}/api/v1/publishers/acme"
        requests.patch(url, json=body, headers=headers, timeout=PATIENCE).raise_for_status()
        assert ("The text is too long to be shown completely" in get(hub, "/acme").text) == cut
