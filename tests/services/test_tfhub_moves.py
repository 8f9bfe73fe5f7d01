"""Where each model of tfhub.dev's catalogue leads today, and that no two lead to one place."""

from __future__ import annotations

import collections
import re

import pytest
from catalogues import tfhub_documents

from tensorflow_hub.handles import ModelName
from tensorflow_hub.services.tfhub_moves import (
    Evidence,
    all_moves,
    move_of,
    moves_of,
    publisher_archive,
    variation_by_rule,
)

COUNTS = {"A+": 9, "A": 673, "S": 13, "B": 260, "C": 226, "D1": 463, "D2": 74, "deleted": 17}
# Redirects and names that stand in public beside each other.
SEEN = {
    "google/universal-sentence-encoder-large/3": "google/universal-sentence-encoder/tensorFlow1/large/3",
    "google/nnlm-en-dim128/1": "google/nnlm/tensorFlow1/en-dim128/1",
    "deepmind/biggan-128/1": "deepmind/biggan/tensorFlow1/128/1",
    "google/imagenet/resnet_v2_50/feature_vector/4": "google/resnet-v2/tensorFlow2/50-feature-vector/1",
    "callmemehdi/AraBERT/1": "kaggle/arabert/tensorFlow2/arabert/1",
}


def test_the_table_has_each_class_in_its_number():
    found = collections.Counter(move.evidence.value for move in all_moves())
    assert found == COUNTS


def test_no_two_versions_lead_to_one_place():
    places = collections.Counter(move.kaggle for move in all_moves() if move.kaggle)
    assert max(places.values()) == 1
    assert len(places) == 1718


@pytest.mark.parametrize(("old", "new"), SEEN.items())
def test_what_was_seen_in_public_is_in_the_table(old, new):
    move = move_of(ModelName.parse(old))
    assert move is not None
    assert move.kaggle is not None
    assert move.kaggle.path == new


def test_versions_count_up_in_each_framework():
    ranks: dict[object, list[int]] = collections.defaultdict(list)
    for move in all_moves():
        if move.kaggle:
            ranks[move.kaggle.with_version(None)].append(move.kaggle.version)
    assert all(sorted(versions) == list(range(1, len(versions) + 1)) for versions in ranks.values())


def test_the_deleted_ones_say_so_and_most_have_an_archive():
    deleted = [move for move in all_moves() if move.evidence is Evidence.DELETED]
    assert all(move.kaggle is None for move in deleted)
    assert sum(publisher_archive(move.name) is not None for move in deleted) == 13


def test_archives_are_addresses_on_the_web():
    moves = {move.name for move in all_moves()}
    archive = publisher_archive(ModelName.parse("tensorflow/cord-19/swivel-128d/1"))
    assert archive == "https://storage.googleapis.com/tfhub-modules/tensorflow/cord-19/swivel-128d/1.tar.gz"
    assert all(re.match("https?://", publisher_archive(name) or "https://") for name in moves)


def test_an_unknown_model_has_moved_nowhere():
    assert moves_of(ModelName.parse("nobody/nothing")) == ()
    assert move_of(ModelName.parse("google/elmo/999")) is None
    assert publisher_archive(ModelName.parse("nobody/nothing/1")) is None


def test_the_latest_version_is_the_last():
    assert [move.name.version for move in moves_of(ModelName.parse("google/universal-sentence-encoder"))] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize(
    ("model", "kaggle_model", "variation"),
    [
        ("imagenet/mobilenet_v2_100_224/classification", "mobilenet-v2", "100-224-classification"),
        ("small_bert/bert_en_uncased_L-2", "bert", "bert-en-uncased-l-2"),
        ("bit/m-r50x1/imagenet21k_classification", "bit", "m-r50x1-imagenet21k-classification"),
        ("yamnet", "yamnet", "yamnet"),
        ("a.b_c", "x", "a-b-c"),
    ],
)
def test_the_rule_of_variations(model, kaggle_model, variation):
    assert variation_by_rule(model, kaggle_model) == variation


def test_every_model_of_the_catalogue_leads_somewhere_or_says_that_it_does_not(tmp_path, capsys):
    names = catalogued(tfhub_documents(tmp_path))
    found = collections.Counter()
    for name in names:
        move = move_of(name)
        found[move.evidence.value if move else "archive" if publisher_archive(name) else "none"] += 1
    with capsys.disabled():
        print("\nModels of tfhub.dev today:", dict(found.most_common()))
    assert len(names) == 1815
    assert found == {**COUNTS, "archive": 59, "none": 21}


def catalogued(folder) -> list[ModelName]:
    """The SavedModels of tfhub.dev's documentation."""
    titles = (path.read_text(encoding="utf-8").lstrip().partition("\n")[0] for path in folder.rglob("*.md"))
    found = (re.fullmatch(r"# Module ([^\s]+/[0-9]+)\s*", title.replace("&zwnj;", "")) for title in titles)
    return [ModelName.parse(match[1]) for match in found if match]
