"""The properties of a version on its page, in groups with headings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from tensorflow_hub.format.card.facets import label
from tensorflow_hub.format.card.vocabulary import FIELDS, known_values
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.format.needs import Needs, needs_of, stated_texts
from tensorflow_hub.handles import as_model_name
from tensorflow_hub.server.catalogue.derivations import origins_of
from tensorflow_hub.server.catalogue.records import MIRROR_OF, Deployment, Version
from tensorflow_hub.server.catalogue.signatures import Signature
from tensorflow_hub.server.web.rendering import show_count, show_day, show_size

# A page shows so many keys that signed; the page of the signatures has the rest.
_MOST_KEYS = 3
# And so many ops that nobody knows a package for; the JSON has the rest.
_MOST_OPS = 20
# The line about what ops may do names so many that were not checked.
_MOST_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Property:
    """A property: a label and a text, with an optional link."""

    label: str
    text: str
    url: str = ""
    external: bool = False
    is_code: bool = False
    tone: str = ""


@dataclasses.dataclass(frozen=True)
class PropertyGroup:
    """Properties with a heading."""

    title: str
    properties: tuple[Property, ...]


def property_groups(
    shown: Version,
    metadata: Mapping[str, Sequence[str]],
    deployments: Sequence[Deployment],
    forms: Iterable[str],
) -> list[PropertyGroup]:
    """What to say of a version, from its card and from what is in its files; `forms` are its formats."""
    about = _about(shown, forms) + [_origin(origin) for origin in origins_of(metadata)]
    if len(deployments) == 1:
        about += _of_deployment(deployments[0])
    if shown.model.downloads:
        about.append(Property("Downloads", f"{shown.model.downloads:,}"))
    groups = [PropertyGroup("About", tuple(about))]
    if len(deployments) > 1:
        groups += [PropertyGroup(f"{_label(d)} files", tuple(_of_deployment(d))) for d in deployments]
    groups += _needs_groups(shown, deployments)
    if links := _links(metadata):
        groups.append(PropertyGroup("Try it", tuple(links)))
    return groups


def trust(
    shown: Version,
    metadata: Mapping[str, Sequence[str]],
    deployments: Sequence[Deployment],
    signatures: Sequence[Signature],
) -> list[Property]:
    """What a reader looks for before using a version: licence, digests, what its ops do, who signed it."""
    properties = [_licence(metadata)]
    several = len(deployments) > 1
    for deployment in deployments:
        of = f" ({_label(deployment)})" if several else ""
        properties += [Property(f"Digest{of}", deployment.digest, is_code=True), _ops(f"Ops{of}", deployment)]
    if deployments:
        properties += _signed(shown, signatures)
    return properties + _origins(deployments)


def _about(shown: Version, forms: Iterable[str]) -> list[Property]:
    publisher = shown.model.publisher
    found = [
        Property("Publisher", publisher, url=f"/{publisher}"),
        Property("Published", show_day(shown.published)),
    ]
    formats = [label("format", form) for form in forms]
    if formats:
        found.append(Property("Format", ", ".join(formats)))
    if shown.parent:
        found.append(Property("Part of", shown.parent, url=f"/{shown.parent}"))
    return found


def _origin(module: str) -> Property:
    """A link whether or not it leads somewhere: a link for what is there alone would tell what is."""
    is_name = as_model_name(module) is not None
    is_web = module.startswith(("https://", "http://"))
    return Property(
        "Derived from", module, url=f"/{module}" if is_name else module if is_web else "", external=is_web
    )


def _label(deployment: Deployment) -> str:
    return KIND_BY_NAME[deployment.kind].label


def _of_deployment(deployment: Deployment) -> list[Property]:
    """What is in the files of a deployment."""
    description = deployment.description
    size, files = show_size(deployment.unpacked_size), show_count(deployment.file_count, "file")
    found = [Property("Size", f"{size} in {files}")]
    if variables := description.get("variables"):
        text = show_count(variables["parameters"], "parameter")
        trainable = variables.get("trainable")
        found.append(Property("Variables", text if trainable is None else f"{text}, {trainable:,} trainable"))
    if met := list(description.get("interfaces", ())):
        found.append(Property("Interface", ", ".join(label("interface", name) for name in met)))
    if pixels := description.get("image_size"):
        found.append(Property("Image size", f"{pixels[0]} × {pixels[1]} pixels"))
    if assets := description.get("assets"):
        found.append(Property("Assets", ", ".join(assets[:5]) + (" …" if len(assets) > 5 else "")))
    return found


def _needs_groups(shown: Version, deployments: Sequence[Deployment]) -> list[PropertyGroup]:
    """What it takes to run each deployment; the last group links to the whole list."""
    several = len(deployments) > 1
    groups = [
        PropertyGroup(
            f"What {_label(d) if several else 'it'} needs",
            tuple(_needs(needs_of(KIND_BY_NAME[d.kind], d.description))),
        )
        for d in deployments
    ]
    if not groups:
        return []
    whole = Property("All of it", "CycloneDX (JSON)", url=f"/{shown.handle}?sbom=cyclonedx")
    last = groups[-1]
    return [*groups[:-1], PropertyGroup(last.title, (*last.properties, whole))]


def _needs(needs: Needs) -> list[Property]:
    found = []
    for registry, command in (("pypi", "pip install"), ("npm", "npm install")):
        names = [package.name for package in needs.packages if package.registry == registry]
        if names:
            found.append(Property("Install", f"{command} {' '.join(names)}", is_code=True))
    found += [Property("Why", f"{one.name} {one.why}", tone="warn-text") for one in needs.packages[1:]]
    if stated := stated_texts(needs):
        found.append(Property("Written with", ", ".join(stated)))
    if needs.core_ops is not None:
        others = "" if needs.unknown_ops or needs.packages[1:] else ", no others"
        found.append(Property("Ops", f"{needs.core_ops:,} of TensorFlow{others}"))
    if needs.features:
        found.append(Property("Also", "; ".join(needs.features), tone="warn-text"))
    if needs.unknown_ops:
        found.append(Property("Unknown ops", ", ".join(needs.unknown_ops[:_MOST_OPS]), tone="warn-text"))
    if needs.not_known:
        found.append(Property("Not known", "; ".join(needs.not_known), tone="quiet"))
    return found


def _ops(name: str, deployment: Deployment) -> Property:
    description = deployment.description
    if unsafe := description.get("unsafe_ops"):
        text = "; ".join(f"{op} {what}" for op, what in sorted(unsafe.items()))
        return Property(name, f"Access outside the graph: {text}", tone="bad")
    if not KIND_BY_NAME[deployment.kind].is_model:
        return Property(name, "Not checked for this format", tone="quiet")
    if not description.get("ops"):
        return Property(name, "Not checked", tone="quiet")
    if custom := description.get("custom_ops"):
        shown = ", ".join(custom[:_MOST_NAMED]) + (" …" if len(custom) > _MOST_NAMED else "")
        text = f"None of TensorFlow's ops has access outside the graph. Not checked: {shown}"
        return Property(name, text, tone="quiet")
    return Property(name, "None has access outside the graph", tone="good")


def _signed(shown: Version, signatures: Sequence[Signature]) -> list[Property]:
    """Returns a line for each of the first keys that signed the version."""
    url = f"/{shown.handle}?inside=signatures"
    if not signatures:
        return [Property("Signed", "no", tone="quiet")]
    by_key = {signature.key.id: signature for signature in signatures}
    lines = []
    for signature in list(by_key.values())[:_MOST_KEYS]:
        key, day = signature.key, signature.statement.signed_at[:10]
        text = f"{key.name or 'key'} {key.id} on {day}"
        if key.revoked_at is not None:
            lines.append(Property("Signed", f"{text}; the key is revoked", url=url, tone="bad"))
        else:
            lines.append(Property("Signed", text, url=url))
    return lines


def _licence(metadata: Mapping[str, Sequence[str]]) -> Property:
    licences = metadata.get("license", ())
    if not licences:
        return Property("Licence", "not stated", tone="warn-text")
    known = known_values("license").get(licences[0])
    return Property("Licence", label("license", licences[0]), url=known.url if known else "", external=True)


def _origins(deployments: Sequence[Deployment]) -> list[Property]:
    """Of what was mirrored from where it came, and when. Names of tokens are nobody's business."""
    return [
        Property("Mirrored from", f"{d.published_by.removeprefix(MIRROR_OF)} on {show_day(d.published_at)}")
        for d in deployments
        if d.published_by.startswith(MIRROR_OF)
    ]


def _links(metadata: Mapping[str, Sequence[str]]) -> list[Property]:
    return [
        Property(field.link, url.rsplit("/", 1)[-1][:60] or url, url=url, external=True)
        for name, field in FIELDS.items()
        for url in metadata.get(name, ())
        if field.link and url.startswith(("https://", "http://"))
    ]
