"""`tfhub search` on a real hub."""

from __future__ import annotations

import pytest
import requests
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.cli.main import main


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with HubProcess(tmp_path_factory.mktemp("hub")) as running:
        yield running


def test_a_malformed_interface_is_explained(hub, monkeypatch, capsys):
    monkeypatch.setenv("TFHUB_URL", hub.url)
    with pytest.raises(SystemExit, match="1"):
        main(["search", "--interface", "string => x"])
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        "Expected an interface such as 'string -> float32[512]', got 'string => x': 'x' is no dtype."
        in said.err
    )
    assert "Write inputs -> outputs." in said.err
    assert "For example 'ids:int32[?,128], mask:int32[?,128] -> float32'." in said.err
    answer = requests.get(f"{hub.url}/api/v1/search", params={"interface": "string => x"}, timeout=PATIENCE)
    assert answer.status_code == 400
    assert "'x' is no dtype" in answer.json()["error"]["message"]


def test_an_interface_that_no_model_has_finds_nothing(hub, monkeypatch, capsys):
    monkeypatch.setenv("TFHUB_URL", hub.url)
    main(["search", "--interface", "string => float32[7]"])
    assert "Nothing found." in capsys.readouterr().err
