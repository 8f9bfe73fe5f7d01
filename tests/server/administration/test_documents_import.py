from __future__ import annotations

import pytest
from catalogues import open_catalogue, put_entry

from tensorflow_hub.errors import NotFoundError
from tensorflow_hub.format.card.syntax import parse_card
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.administration.documents_import import entry_name, import_documents
from tensorflow_hub.server.catalogue import reading

FILES = {
    "acme/acme.md": "# Publisher acme\nThe Acme company\n\nMore about it.\n",
    "acme/words/1.md": "# Module acme/words/1\nEmbeds words.\n\n<!-- task: text-embedding -->\n",
    "acme/words/2.md": "# Module acme/words/2\nEmbeds words better.\n\n<!-- task: text-embedding -->\n",
    "acme/words/lite/1.md": "# Lite acme/words/1\nFor phones.\n\n<!-- parent-model: acme/words/1 -->\n",
    "acme/all/1.md": "# Collection acme/all/1\nAll of it.\n\n* [w](https://tfhub.dev/acme/words)\n",
    "acme/many/1.md": "# Placeholder acme/many/1\nGroups deployments.\n\n<!-- task: image-others -->\n",
    "acme/many/js/1.md": "# Tfjs acme/many/js/1\nFor browsers.\n\n<!-- parent-model: acme/many/1 -->\n",
}
BROKEN = {
    "bad/empty.md": b"",
    "bad/no_title.md": b"Just text.\n",
    "bad/no_version.md": b"# Module acme/words\nText.\n",
    "bad/latin.md": "# Module acme/é/1\nText.\n".encode("latin-1"),
    "bad/name.md": b"# Module acme/../etc/1\nText.\n",
    "zzz/again.md": b"# Module acme/words/1\nThe same again.\n",
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "docs"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def database(tmp_path):
    database = open_catalogue(tmp_path / "data")
    yield database
    database.close()


def find(database, handle):
    with database.reading() as connection:
        return reading.find_version(connection, ModelName.parse(handle))


def test_each_kind_becomes_what_its_url_was(database, folder):
    report = import_documents(database, folder)
    assert (report.files, report.refused, report.outcomes["added"]) == (7, [], 7)
    assert find(database, "acme/words").number == 2
    assert find(database, "acme/lite-model/words/1").parent == "acme/words/1"
    assert find(database, "acme/tfjs-model/many/js/1").model.kind == "tfjs"
    assert find(database, "acme/collection/all/1").model.kind == "collection"
    with database.reading() as connection:
        assert reading.find_publisher(connection, "acme").title == "The Acme company"
        assert [v.handle for v in reading.list_children(connection, "acme/many/1")] == [
            "acme/tfjs-model/many/js/1"
        ]


def test_a_second_import_changes_what_changed(database, folder):
    import_documents(database, folder)
    (folder / "acme/words/2.md").write_text("# Module acme/words/2\nEmbeds words best.\n")
    report = import_documents(database, folder)
    assert dict(report.outcomes) == {"changed": 1, "unchanged": 6}
    with database.reading() as connection:
        assert (
            reading.find_card(connection, find(database, "acme/words/2")).description == "Embeds words best."
        )


def test_broken_files_are_named_with_the_reason_and_the_others_taken(database, folder):
    for path, data in BROKEN.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    report = import_documents(database, folder)
    assert sum(report.kinds.values()) == 7
    reasons = {refused.path: refused.reason for refused in report.refused}
    assert sorted(reasons) == sorted(BROKEN)
    assert "expected text in UTF-8" in reasons["bad/latin.md"]
    assert "acme/words/1.md is about the same module acme/words/1" in reasons["zzz/again.md"]


def test_an_import_does_not_change_published_versions(database, folder):
    put_entry(database, "acme/words/1", "Ours.")
    report = import_documents(database, folder)
    assert [refused.path for refused in report.refused] == ["acme/words/1.md"]
    with database.reading() as connection:
        assert reading.find_card(connection, find(database, "acme/words/1")).description == "Ours."


def test_a_folder_without_documents_is_refused(database, tmp_path):
    with pytest.raises(NotFoundError, match="Expected a folder with documentation files"):
        import_documents(database, tmp_path / "nothing")


def test_names_with_invisible_characters_are_taken():
    card = parse_card("# Module vtab/&zwnj;rotation/1\nText.\n")
    assert str(entry_name(card)) == "vtab/rotation/1"
