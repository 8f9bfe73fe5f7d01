"""The modules from which programs of tensorflow-hub 0.x import names, or which they patch."""

from __future__ import annotations

import importlib
import subprocess
import sys
from unittest import mock

import pytest

import tensorflow_hub as hub
from tensorflow_hub import errors

PATHS = {
    "module": ["Module", "ModuleSpec", "eval_function_for_module", "load_module_spec"],
    "estimator": ["LatestModuleExporter", "register_module_for_export"],
    "feature_column": [
        "image_embedding_column",
        "sparse_text_embedding_column",
        "text_embedding_column",
        "text_embedding_column_v2",
    ],
    "native_module": ["add_signature", "attach_message", "create_module_spec"],
    "image_util": ["ImageModuleInfo", "attach_image_module_info", "get_expected_image_size"],
    "module_spec": ["ModuleSpec"],
    "module_v2": ["load", "resolve"],
    "keras_layer": ["KerasLayer"],
    "version": ["__version__"],
}
OTHERS = {
    "config": [],
    "registry": ["resolver"],
    "resolver": [
        "HttpResolverBase",
        "Resolver",
        "UnsupportedHandleError",
        "create_local_module_dir",
        "tfhub_cache_dir",
    ],
    "saved_model_lib": [],
    "tf_utils": [],
}


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in PATHS.items() for name in names])
def test_a_name_under_its_old_path_is_the_public_one(path, name):
    assert getattr(importlib.import_module(f"tensorflow_hub.{path}"), name) is getattr(hub, name)


@pytest.mark.parametrize("path", sorted({**PATHS, **OTHERS}.keys() - {"registry", "keras_layer"}))
def test_names_that_are_gone_say_where_to_look(path):
    module = importlib.import_module(f"tensorflow_hub.{path}")
    with pytest.raises(AttributeError, match=f"'tensorflow_hub.{path}' has no attribute 'Gone'"):
        module.Gone  # noqa: B018
    assert getattr(hub, path) is module


def test_importing_them_imports_no_tensorflow():
    names = [f"tensorflow_hub.{path}" for path in {**PATHS, **OTHERS}]
    code = f"import sys, {', '.join(names)}; print('tensorflow' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_programs_may_patch_them():
    with mock.patch("tensorflow_hub.module.load_module_spec", return_value="patched"):
        from tensorflow_hub import module

        assert module.load_module_spec("x") == "patched"
    assert module.load_module_spec is hub.load_module_spec


def test_the_folder_of_the_cache(tmp_path, monkeypatch):
    from tensorflow_hub import resolver

    monkeypatch.delenv("TFHUB_CACHE_DIR")
    assert resolver.tfhub_cache_dir() is None
    assert resolver.tfhub_cache_dir("/default") == "/default"
    assert resolver.tfhub_cache_dir(use_temp=True).endswith("tfhub_modules")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    assert resolver.tfhub_cache_dir("/default", use_temp=True) == str(tmp_path)
    made = resolver.create_local_module_dir(str(tmp_path / "cache"), "name")
    assert made == str(tmp_path / "cache" / "name")
    assert (tmp_path / "cache").is_dir()


def test_a_resolver_of_a_program(tmp_path):
    from tensorflow_hub import registry, resolver

    class OfMyTeam(resolver.Resolver):
        def is_supported(self, handle):
            return handle.startswith("myteam:")

        def __call__(self, handle):
            if handle == "myteam:gone":
                raise resolver.UnsupportedHandleError("gone", hint="Look elsewhere.")
            return str(tmp_path / handle.removeprefix("myteam:"))

    registry.resolver.add_implementation(OfMyTeam())
    assert registry.resolver("myteam:a") == str(tmp_path / "a")
    assert registry.resolver(str(tmp_path)) == str(tmp_path)
    assert hub.resolve("myteam:a") == str(tmp_path / "a")
    with pytest.raises(errors.HandleError, match="gone"):
        registry.resolver("myteam:gone")


def test_a_resolver_of_urls_as_images_of_notebook_services_add_it(tmp_path):
    from tensorflow_hub import registry, resolver

    class OfTheService(resolver.HttpResolverBase):
        def is_supported(self, handle):
            return self.is_http_protocol(handle) and "models.service.example/" in handle

        def __call__(self, handle):
            return str(tmp_path)

    registry.resolver.add_implementation(OfTheService())
    assert hub.resolve("https://models.service.example/acme/words/1") == str(tmp_path)
    assert not OfTheService().is_supported("models.service.example/acme")
