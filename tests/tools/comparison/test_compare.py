"""Comparing modules: the same examples for each, and one that fails stops no other."""

from __future__ import annotations

import re

import pytest
import tensorflow as tf
from tool_data import TinyTextEmbedding

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.comparison.comparing import comparison_page


@pytest.fixture(scope="module")
def compared(tmp_path_factory, reviews, text_module, image_module):
    poor = str(tmp_path_factory.mktemp("poor") / "poor")
    tf.saved_model.save(TinyTextEmbedding(buckets=2, dimension=2), poor)
    modules = [text_module, poor, image_module]
    return hub.tools.compare(modules, reviews, test=0.3, cache=False)


def test_each_module_is_measured_on_the_same_examples(compared, text_module):
    good, poor, _ = compared.measurements
    assert good.accuracy.trials == poor.accuracy.trials > 20
    assert good.accuracy.value > poor.accuracy.value
    assert compared.best.module == text_module
    assert (good.dimension, poor.dimension) == (24, 2)
    assert good.examples_per_second > 0
    assert 50 < good.peak_megabytes < 4000
    assert 0.01 < good.megabytes < 1


def test_a_module_of_another_interface_is_named_and_stops_no_other(compared, image_module):
    failed = compared.measurements[2]
    assert failed.module == image_module
    assert "to take texts" in failed.problem


def test_the_page_has_table_and_plot(compared):
    page = comparison_page(compared)
    assert page.count("<circle") == 2
    assert "to take texts" in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)|<script""", page)


def test_errors_for_every_module_are_reported_once(reviews, text_module, tmp_path):
    with pytest.raises(DataError, match="Expected a column 'stars'"):
        hub.tools.compare([text_module, text_module], reviews, label_column="stars")
    (tmp_path / "one.csv").write_text("text,label\na,x\nb,x\n")
    with pytest.raises(DataError, match="at least 2 classes"):
        hub.tools.compare([text_module, text_module], tmp_path / "one.csv")
    with pytest.raises(DataError, match=r"shares with validation \+ test < 1, got 0\.3 and 0\.9"):
        hub.tools.compare([text_module, text_module], reviews, validation=0.3, test=0.9)


def test_no_modules_are_refused(reviews):
    with pytest.raises(DataError, match=r"Expected a list of handles, got 'acme/words/1'\. Put it in a list"):
        hub.tools.compare("acme/words/1", reviews)
    with pytest.raises(DataError, match="There are no modules to compare"):
        hub.tools.compare([], reviews)
