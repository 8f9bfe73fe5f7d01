"""`tfhub sbom`, and what `tfhub show` tells of the same."""

from __future__ import annotations

import json

from command_line import run
from hub_content import card, module
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish


def test_a_bill_of_materials_is_written_to_a_file_or_the_screen(capsys, tmp_path, monkeypatch):
    with HubProcess(tmp_path / "data") as hub:
        monkeypatch.setenv("TFHUB_URL", hub.url)
        monkeypatch.setenv("TFHUB_TOKEN", hub.token)
        publish(module(), card=card("acme/words/1"))
        code, out, err = run(capsys, "sbom", "acme/words")
        assert code == 0, err
        document = json.loads(out)
        assert document["metadata"]["component"]["bom-ref"] == "acme/words/1"
        path = tmp_path / "words.cdx.json"
        code, out, _ = run(capsys, "sbom", f"{hub.url}/acme/words/1", "-o", str(path))
        assert (code, out.strip()) == (0, str(path))
        assert json.loads(path.read_text(encoding="utf-8")) == document
        assert run(capsys, "sbom", "acme/nothing/1")[0] == 3
        assert "  needs: tensorflow; written with tensorflow 1.15" in run(capsys, "show", "acme/words/1")[1]
