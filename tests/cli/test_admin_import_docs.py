"""`tfhub admin import-docs`: prints what it took."""

from __future__ import annotations

import json

from command_line import tfhub

WORDS = "# Module acme/words/1\nEmbeds words.\n\n<!-- task: text-embedding -->\n"


def test_the_kinds_of_imported_documents_are_counted(tmp_path):
    (tmp_path / "docs" / "acme" / "words").mkdir(parents=True)
    (tmp_path / "docs" / "acme" / "acme.md").write_text("# Publisher acme\nThe Acme company\n")
    (tmp_path / "docs" / "acme" / "words" / "1.md").write_text(WORDS)
    folder, data = str(tmp_path / "docs"), str(tmp_path / "hub")
    report = json.loads(tfhub("admin", "import-docs", folder, "--data", data, "--json"))
    assert report["kinds"]["module"] == 1
    assert report["kinds"]["publisher"] == 1
