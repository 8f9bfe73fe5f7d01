"""What documents name exists: commands, options, files, public names; and their Python parses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import documents
import pytest
from documents import ROOT

import tensorflow_hub as hub
from tensorflow_hub.cli.main import tfhub

PAGES = documents.documents()
BLOCKS = [block for page in PAGES for block in documents.blocks(page) if block.language in {"python", "py"}]


def page_id(page):
    return str(page.relative_to(ROOT))


def verb_of(words):
    """Follows `words` through the command's groups; returns the command and the words that are left."""
    command, context, rest = tfhub, click.Context(tfhub), words[1:]
    while isinstance(command, click.Group):
        position = next((i for i, word in enumerate(rest) if not word.startswith("-")), None)
        if position is None or not re.fullmatch(r"[a-z][a-z0-9-]*", rest[position]):
            return command, rest
        found = command.get_command(context, rest[position])
        assert found is not None, f"no command {rest[position]!r} in {' '.join(words)!r}"
        command, rest = found, rest[position + 1 :]
    return command, rest


def options_of(command):
    names = {"--help", "-h", "--version"}
    for parameter in command.params:
        names |= {*parameter.opts, *parameter.secondary_opts}
    return names


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_and_options_exist(page):
    for words in documents.commands(page):
        if words[0] != "tfhub" or len(words) < 2:
            continue
        command, rest = verb_of(words)
        known = options_of(command)
        for word in rest:
            if word == "--":
                break
            option = word.split("=")[0]
            if re.fullmatch(r"--?[a-zA-Z][a-zA-Z0-9-]*", option):
                assert option in known, f"no option {option} in {' '.join(words)!r}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_an_unreleased_version_is_not_installed_by_name(page):
    """By name, a registry gives the old package, without the extras and the command of the page."""
    assert "dev" in hub.__version__, "released: let the pages say `pip install 'tensorflow-hub[...]'` again"
    assert not re.search(r"pip install [^`\n]*tensorflow-hub", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_make_targets_exist(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, flags=re.MULTILINE))
    for words in documents.commands(page):
        if words[0] == "make":
            named = {word for word in words[1:] if re.fullmatch(r"[a-z0-9-]+", word)}
            assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_files_exist(page):
    places = "src|tests|docs|examples|benchmarks|requirements|deploy|scripts"
    for span in documents.spans(page):
        if re.fullmatch(rf"(?:{places})/[\w./-]+", span):
            assert (ROOT / span).exists(), span
    for link in documents.links(page):
        # Pages that scripts/site_hooks.py makes of other files; the test of the site builds them.
        is_made = link == "readme.md" or link.startswith(("reference/", "tutorials/"))
        assert (page.parent / link).exists() or is_made, link


def test_the_architecture_names_files_that_exist():
    package = ROOT / "src" / "tensorflow_hub"
    named = [
        span
        for span in documents.spans(ROOT / "docs" / "ARCHITECTURE.md")
        if re.fullmatch(r"[a-z0-9_/]+(?:\.py|/)", span)
    ]
    assert len(named) > 30
    assert [name for name in named if not (package / name).exists() and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_python_parses_and_uses_public_names(block):
    code = re.sub(r"^(?:>>> |\.\.\. )", "", block.code, flags=re.MULTILINE)
    names = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hub"
    }
    missing = sorted(name for name in names if name not in {*hub._EXPORTS, *hub._SUBPACKAGES, "__version__"})
    assert not missing, f"tensorflow_hub has no {missing}"


def test_no_document_names_a_home_or_the_address_of_a_package_index():
    private = re.compile(rf"{re.escape(str(Path.home()))}/|index-url|find-links")
    for page in PAGES:
        assert not private.search(page.read_text(encoding="utf-8")), page
