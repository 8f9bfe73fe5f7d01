"""What is inside a version: files, texts in parts, variables, graph, changes; as pages and as JSON."""

from __future__ import annotations

import hashlib
import re
import shutil

import numpy as np
import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess
from patience import PATIENCE
from tfjs_models import write_graph_model

from tensorflow_hub.client.publishing import publish

HTML = {"Accept": "text/html"}
HOSTILE = '<script>window.hacked = 1</script>\n{{ 7 * 7 }} "quoted" \u202e\n'
LINES = "".join(f"wörd {number}\n" for number in range(40_000))


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inside")
    with HubProcess(folder / "data") as hub:
        to = {"hub": hub.url, "token": hub.token}
        for number in (1, 2):
            copy = folder / f"m{number}"
            shutil.copytree(module("05_text_embedding"), copy)
            assets = copy / "assets"
            assets.mkdir(exist_ok=True)
            (assets / "hostile.html").write_text(HOSTILE)
            (assets / "lines.txt").write_text(LINES)
            (assets / "noise.bin").write_bytes(np.random.default_rng(number).bytes(300_000))
            (assets / "empty.txt").write_bytes(b"")
            text = card(f"acme/words/{number}")
            publish(copy, card=text.replace("It multiplies", f"It multiplies by {number}"), **to)
        publish(write_graph_model(folder / "js"), card=card("acme/words/2"), deployment="tfjs", **to)
        publish(module("24_lstm"), card=card("acme/lstm/1"), **to)
        yield hub


def api(hub, path, status=200, **parameters):
    answer = requests.get(f"{hub.url}/api/v1/{path}", params=parameters, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    return answer.json()


def page(hub, path, status=200):
    answer = requests.get(f"{hub.url}/{path}", headers=HTML, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    return answer.text


def test_files_are_listed_with_sizes_and_digests(hub):
    found = api(hub, "files/acme/words/1")
    files = {file["path"]: file for file in found["files"]}
    content = LINES.encode()
    assert files["assets/lines.txt"]["size"] == len(content)
    assert files["assets/lines.txt"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert found["total"] == len(files)
    as_page = page(hub, "acme/words/1?inside=files")
    assert all(f"<code>{path}</code>" in as_page for path in files)
    same = requests.get(
        f"{hub.url}/acme/words/1?inside=files", headers={"Accept": "application/json"}, timeout=PATIENCE
    )
    assert same.json() == found


def test_a_long_text_is_read_in_parts_that_join(hub):
    parts, start = [], 0
    while True:
        part = api(hub, "texts/acme/words/1", file="assets/lines.txt", **{"from": start})
        assert part["is_text"]
        assert part["start"] == start < part["end"] <= start + (64 << 10)
        assert part["text"].endswith("\n")
        parts.append(part["text"])
        start = part["end"]
        if start == part["size"]:
            break
    assert len(parts) > 5
    assert "".join(parts) == LINES


def test_a_part_may_begin_anywhere(hub):
    whole = LINES.encode()
    for start in (1, 70_001, len(whole)):
        part = api(hub, "texts/acme/words/1", file="assets/lines.txt", **{"from": start})
        assert part["text"].encode() in (whole[start : part["end"]], b"")
    api(hub, "texts/acme/words/1", 404, file="assets/lines.txt", **{"from": len(whole) + 1})
    api(hub, "texts/acme/words/1", 404, file="../../etc/passwd")
    api(hub, "texts/acme/words/1", 400, file="assets/lines.txt", **{"from": -1})


def test_files_of_other_people_are_shown_as_text_only(hub):
    shown = page(hub, "acme/words/1?inside=text&file=assets/hostile.html")
    assert "&lt;script&gt;window.hacked" in shown
    assert "<script>window" not in shown
    assert "{{ 7 * 7 }}" in shown
    binary = page(hub, "acme/words/1?inside=text&file=assets/noise.bin")
    assert "not UTF-8 text" in binary
    assert "<pre" not in binary
    assert "The file is empty" in page(hub, "acme/words/1?inside=text&file=assets/empty.txt")


def test_variables_are_listed_and_found_by_words(hub):
    found = api(hub, "variables/acme/words/1")
    assert [(one["name"], one["dtype"], one["shape"], one["size"]) for one in found["variables"]] == [
        ("embeddings", "float32", [16, 4], 256)
    ]
    assert api(hub, "variables/acme/words/1", q="EMBED")["total"] == 1
    assert api(hub, "variables/acme/words/1", q="embed bias")["total"] == 0
    tfjs = api(hub, "variables/acme/words/2", deployment="tfjs")["variables"]
    assert tfjs == [{"name": "w", "dtype": "float32", "shape": [2, 3], "size": 24}]
    assert "<code>embeddings</code>" in page(hub, "acme/words/1?inside=variables")


def test_the_graph_has_signatures_layers_and_counted_ops(hub):
    graph = api(hub, "graphs/acme/lstm/1")
    assert [signature["name"] for signature in graph["signatures"]] == ["default", "keras"]
    names = {layer["name"] for layer in graph["signatures"][0]["layers"]}
    assert {"rnn", "bidirectional_rnn"} <= names
    counts = {one["op"]: one["count"] for one in graph["ops"]}
    assert counts["Enter"] > 1
    description = api(hub, "models/acme/lstm/1")["deployments"][0]["description"]
    assert set(counts) == set(description["ops"])
    shown = page(hub, "acme/lstm/1?inside=graph")
    assert "<code>bidirectional_rnn</code>" in shown
    assert api(hub, "graphs/acme/words/2", deployment="tfjs")["ops"] == []


def test_an_object_without_signatures_has_functions(hub, tmp_path):
    import tensorflow as tf

    class Scaled(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def __call__(self, values):
            with tf.name_scope("doubling"):
                return tf.multiply(values, 2.0, name="product")

    tf.saved_model.save(Scaled(), str(tmp_path / "m"), signatures={})
    publish(tmp_path / "m", card=card("acme/object/1"), hub=hub.url, token=hub.token)
    [call] = api(hub, "graphs/acme/object/1")["signatures"]
    assert call["name"] == "__call__"
    assert [layer["name"] for layer in call["layers"]] == ["doubling"]
    assert call["layers"][0]["commonest"] == ["Mul"]


def test_ops_that_reach_outside_are_marked_and_first(hub, tmp_path):
    from tensorflow_hub.format.module.messages import message_class

    model = message_class("SavedModel")(saved_model_schema_version=1)
    graph = model.meta_graphs.add()
    graph.meta_info_def.tags.append("serve")
    for number, op in enumerate(["Const"] * 5 + ["ReadFile", "Mine", "RestoreV2", "SaveV2"]):
        graph.graph_def.node.add(name=f"deep/scope/n{number}", op=op)
    graph.signature_def["restoring"].outputs["y"].name = "deep/scope/n7:0"
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "saved_model.pb").write_bytes(model.SerializeToString())
    publish(tmp_path / "m", card=card("acme/reads/1"), hub=hub.url, token=hub.token)
    ops = api(hub, "graphs/acme/reads/1")["ops"]
    assert [(each["op"], each["count"], each["reaches"]) for each in ops] == [
        ("ReadFile", 1, "reads files"),
        ("RestoreV2", 1, "reads files"),  # the signature runs it; the saver alone runs the other
        ("Mine", 1, None),
        ("Const", 5, ""),
        ("SaveV2", 1, ""),
    ]
    shown = page(hub, "acme/reads/1?inside=graph")
    assert '<span class="bad">reads files</span>' in shown
    assert "not known: no op of TensorFlow" in shown


def test_each_deployment_can_be_looked_into(hub):
    shown = page(hub, "acme/words/2?inside=files")
    assert re.findall(r'aria-current="true">([^<]+)<', shown) == ["SavedModel"]
    [target] = re.findall(r'href="/([^"]+)" rel="nofollow">TF.js</a>', shown)
    other = page(hub, target.replace("&amp;", "&"))
    assert "<code>model.json</code>" in other
    assert re.findall(r'aria-current="true">([^<]+)<', other) == ["TF.js"]
    assert "inside=variables" in other
    assert "deployment=tfjs" in other
    for single in ("acme/words/1?inside=files", "acme/words/2?inside=changes"):
        assert 'aria-label="Deployments"' not in page(hub, single)


def test_changes_name_card_files_and_deployments(hub):
    found = api(hub, "differences/acme/words/2")
    assert (found["before"], found["after"]) == ("acme/words/1", "acme/words/2")
    assert "-It multiplies by 1." in found["card"]
    assert "+It multiplies by 2." in found["card"]
    assert [change["name"] for change in found["files"]] == ["assets/noise.bin"]
    assert found["files"][0]["before"] == found["files"][0]["after"] == "300,000 bytes"
    assert found["variables"] == found["ops"][1:] == []  # MatMul of the TF.js graph alone
    assert not found["cut"]
    shown = page(hub, "acme/words/2?inside=changes")
    assert '<span class="added">+It multiplies by 2.</span>' in shown
    assert "<td>300,000 bytes</td><td>300,000 bytes, other content</td>" in shown
    backwards = api(hub, "differences/acme/words/1", before=2)
    assert "+It multiplies by 1." in backwards["card"]
    assert "no version before 1" in api(hub, "differences/acme/words/1", 404)["error"]["message"]


def test_any_two_versions_are_compared_and_a_first_one_has_no_changes(hub):
    to = {"hub": hub.url, "token": hub.token}
    for number in (1, 2, 3):
        text = card(f"acme/three/{number}").replace("It multiplies", f"It multiplies by {number}")
        publish(module(), card=text, **to)
    shown = page(hub, "acme/three/3?inside=changes")
    assert "Compare with version" in shown
    assert re.findall(r"<option([^>]*)>(\d)<", shown) == [(" selected", "2"), ("", "1")]
    older = page(hub, "acme/three/3?inside=changes&before=1")
    assert re.findall(r"<option([^>]*)>(\d)<", older) == [("", "2"), (" selected", "1")]
    assert '<span class="gone">-It multiplies by 1.</span>' in older
    assert "inside=changes" in page(hub, "acme/three/2?inside=files")
    assert "inside=changes" not in page(hub, "acme/three/1?inside=files")
    assert "Compare with version" not in page(hub, "acme/words/2?inside=changes"), "there is only one other"


def test_what_there_is_not_is_said(hub):
    assert "inside='nothing'" in page(hub, "acme/words/1?inside=nothing", 404).replace("&#39;", "'")
    assert "no deployment" in page(hub, "acme/words/1?inside=files&deployment=coral", 404)
    text = card("acme/holder/1", "Placeholder")
    headers = {"Authorization": f"Bearer {hub.token}"}
    body = {"handle": "acme/holder/1", "card": text}
    requests.put(f"{hub.url}/api/v1/cards", json=body, headers=headers, timeout=PATIENCE).raise_for_status()
    page(hub, "acme/holder/1?inside=files", 406)


def test_pages_link_to_the_inside(hub):
    shown = page(hub, "acme/words/2")
    for target in re.findall(r'href="/(acme/words/2\?inside=\w+)"', shown):
        page(hub, target)
    assert "inside=changes" in shown
