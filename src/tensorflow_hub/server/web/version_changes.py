"""Describes in words what changed from one version of a model to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.format.card.facets import FACET_BY_FIELD
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.format.module.signature_types import signatures_of
from tensorflow_hub.server.catalogue.version_contents import VersionContent
from tensorflow_hub.server.web.rendering import show_count, show_size

_MOST = 8


def changes(older: VersionContent, newer: VersionContent) -> list[str]:
    """Returns the most important changes in the newer version, most important first."""
    found = all_changes(older, newer)
    if len(found) > _MOST:
        found = [*found[: _MOST - 1], f"and {len(found) - _MOST + 1} more changes"]
    return found


def all_changes(older: VersionContent, newer: VersionContent) -> list[str]:
    """Returns all changes in the newer version, most important first."""
    return [*_deployments(older, newer), *_contents(older, newer), *_fields(older, newer)]


def _deployments(older: VersionContent, newer: VersionContent) -> list[str]:
    added = sorted(set(newer.descriptions) - set(older.descriptions))
    gone = sorted(set(older.descriptions) - set(newer.descriptions))
    both = bool(older.descriptions) and bool(newer.descriptions)
    return [
        *(f"Adds the deployment {kind}" for kind in added if both),
        *(f"No longer has the deployment {kind}" for kind in gone if both),
    ]


def _contents(older: VersionContent, newer: VersionContent) -> list[str]:
    found = []
    for kind in sorted(set(older.descriptions) & set(newer.descriptions)):
        sides = older.descriptions[kind], newer.descriptions[kind]
        of = f"{KIND_BY_NAME[kind].label}: " if len(newer.descriptions) > 1 else ""
        found += [of + change for change in (*_interfaces(*sides), *_parameters(*sides), *_ops(*sides))]
    for kind in sorted(set(older.sizes) & set(newer.sizes)):
        before, after = show_size(older.sizes[kind]), show_size(newer.sizes[kind])
        if before != after:
            of = f" of {KIND_BY_NAME[kind].label}" if len(newer.sizes) > 1 else ""
            found.append(f"Size{of} {before} → {after}")
    return found


def _interfaces(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = signatures_of(before), signatures_of(after)
    found = [f"Adds the signature {name}" for name in sorted(set(new) - set(old))]
    found += [f"No longer has the signature {name}" for name in sorted(set(old) - set(new))]
    same = sorted(name for name in set(old) & set(new) if old[name] != new[name])
    return found + [f"Signature {name}: {old[name]} became {new[name]}" for name in same]


def _parameters(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = (_count(description) for description in (before, after))
    if old is None or new is None or old == new:
        return []
    return [f"{show_count(old, 'parameter')} → {show_count(new, 'parameter')}"]


def _count(description: Mapping[str, Any]) -> int | None:
    variables = description.get("variables")
    return variables.get("parameters") if variables else None


def _ops(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    found = []
    for key, name in (("custom_ops", "custom ops"), ("packages", "packages")):
        old, new = set(before.get(key) or ()), set(after.get(key) or ())
        if new - old:
            found.append(f"Needs the {name} {', '.join(sorted(new - old))}")
        if old - new:
            found.append(f"No longer needs the {name} {', '.join(sorted(old - new))}")
    was, now = (str(description.get("tensorflow_version") or "") for description in (before, after))
    if was and now and was != now:
        found.append(f"Written by TensorFlow {now}, before by {was}")
    return found


def _fields(older: VersionContent, newer: VersionContent) -> list[str]:
    found = []
    for field, facet in FACET_BY_FIELD.items():
        old, new = list(older.metadata.get(field, ())), list(newer.metadata.get(field, ()))
        added = [facet.label_of(value) for value in new if value not in old]
        gone = [facet.label_of(value) for value in old if value not in new]
        if added and gone and len(added) <= 3 and len(gone) <= 3:
            found.append(f"{facet.label}: {', '.join(gone)} → {', '.join(added)}")
        elif added:
            adds = "adds " if old else ""
            found.append(f"{facet.label}: {adds}{', '.join(added[:6])}{' …' if len(added) > 6 else ''}")
        elif gone:
            found.append(f"{facet.label}: without {', '.join(gone[:6])}{' …' if len(gone) > 6 else ''}")
    return found
