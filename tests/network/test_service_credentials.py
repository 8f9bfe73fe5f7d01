"""Tokens of Kaggle and Hugging Face are found where their clients keep them, and go to their service only."""

from __future__ import annotations

import base64
import json
import sys
import types
from pathlib import Path

import pytest

from tensorflow_hub import errors
from tensorflow_hub.network.service_credentials import service_authorization

from .web_server import get, ok

KAGGLE, HUGGING_FACE = "https://www.kaggle.com/api/v1/models/a/b/get", "https://huggingface.co/api/models/a/b"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def home(*parts: str) -> Path:
    path = Path.home().joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_without_tokens_nothing_is_sent():
    assert service_authorization(KAGGLE) is None
    assert service_authorization(HUGGING_FACE) is None


def test_each_place_of_a_kaggle_token_is_read_and_the_first_wins(monkeypatch):
    home(".kaggle", "kaggle.json").write_text(json.dumps({"username": "file", "key": "k"}))
    assert service_authorization(KAGGLE) == basic("file:k")
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    assert service_authorization(KAGGLE) == basic("file:k")
    monkeypatch.setenv("KAGGLE_KEY", "key")
    assert service_authorization(KAGGLE) == basic("me:key")
    home(".kaggle", "access_token.txt").write_text("KGAT_txt\n")
    assert service_authorization(KAGGLE) == "Bearer KGAT_txt"
    home(".kaggle", "access_token").write_text("KGAT_file\n")
    assert service_authorization(KAGGLE) == "Bearer KGAT_file"
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_variable")
    assert service_authorization(KAGGLE) == "Bearer KGAT_variable"
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(home(".kaggle", "access_token")))
    assert service_authorization(KAGGLE) == "Bearer KGAT_file"
    home("notebook").write_text("KGAT_notebook")
    monkeypatch.setenv("KAGGLE_API_V1_TOKEN", str(home("notebook")))
    assert service_authorization(KAGGLE) == "Bearer KGAT_file"
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert service_authorization(KAGGLE) == "Bearer KGAT_notebook"


def test_another_folder_of_kaggle_is_used(tmp_path, monkeypatch):
    (tmp_path / "kaggle.json").write_text(json.dumps({"username": "other", "key": "k"}))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    call = "https://api.kaggle.com/v1/models.ModelApiService/GetModel"
    assert service_authorization(call) == basic("other:k")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"username": "me"}'])
def test_a_broken_file_of_kaggle_is_named(content):
    home(".kaggle", "kaggle.json").write_text(content)
    with pytest.raises(errors.SettingsError, match=r"kaggle\.json' is not of the form"):
        service_authorization(KAGGLE)


def test_each_place_of_a_hugging_face_token_is_read_and_the_first_wins(tmp_path, monkeypatch):
    home(".cache", "huggingface", "token").write_text("hf_home\n")
    assert service_authorization(HUGGING_FACE) == "Bearer hf_home"
    (tmp_path / "token").write_text("hf_other_home")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert service_authorization(HUGGING_FACE) == "Bearer hf_other_home"
    (tmp_path / "elsewhere").write_text("hf_path")
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "elsewhere"))
    assert service_authorization(HUGGING_FACE) == "Bearer hf_path"
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "hf_old")
    assert service_authorization(HUGGING_FACE) == "Bearer hf_old"
    monkeypatch.setenv("HF_TOKEN", "hf_new")
    assert service_authorization(HUGGING_FACE) == "Bearer hf_new"


def test_secrets_of_a_notebook_on_colab_are_read(monkeypatch):
    secrets = {"HF_TOKEN": "hf_colab", "KAGGLE_USERNAME": "me", "KAGGLE_KEY": "key"}
    colab = types.ModuleType("google.colab")
    colab.userdata = types.SimpleNamespace(get=secrets.__getitem__)
    for name, module in {"google.colab": colab, "google.colab.userdata": colab.userdata}.items():
        monkeypatch.setitem(sys.modules, name, module)
    assert service_authorization(HUGGING_FACE) == "Bearer hf_colab"
    assert service_authorization(KAGGLE) == basic("me:key")


@pytest.mark.parametrize("token", ["hf_a b", "hf_é", "hf_a\nX: y"])
def test_an_invalid_token_is_refused_and_not_shown(monkeypatch, token):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(errors.SettingsError, match="Expected a token in HF_TOKEN, got a text with") as caught:
        service_authorization(HUGGING_FACE)
    assert "hf_" not in str(caught.value)


def test_a_token_goes_to_its_service_only(serve, monkeypatch):
    other, storage = serve(ok), serve(ok)
    kaggle = serve(lambda path, headers, number: (302, b"", {"Location": f"{storage.url}/file"}))
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", kaggle.url)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_x")
    get(kaggle.url)
    get(other.url)
    assert kaggle.requests[0][1]["Authorization"] == "Bearer KGAT_x"
    assert "Authorization" not in storage.requests[0][1]
    assert "Authorization" not in other.requests[0][1]


def test_kaggles_token_never_goes_to_hugging_face(serve, monkeypatch):
    hugging_face = serve(ok)
    monkeypatch.setenv("HF_ENDPOINT", hugging_face.url)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_x")
    get(hugging_face.url)
    assert "Authorization" not in hugging_face.requests[0][1]
