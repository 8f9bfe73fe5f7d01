"""What the hub answers: JSON objects. Each class becomes a schema of the OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import (
    Count,
    Day,
    DeploymentKind,
    Digest,
    Event,
    Handle,
    Role,
    Scope,
    Sha256,
    Time,
)


class Deployment(TypedDict):
    """A form in which a version can be downloaded."""

    kind: DeploymentKind
    url: str
    archive_size: int
    archive_sha256: Sha256
    digest: Digest
    size: Annotated[int, Meta(description="Bytes of the unpacked files.")]
    files: int
    published_at: Time
    description: Annotated[
        Mapping[str, Any],
        Meta(description="Kind, signatures, variables, ops, assets, interfaces, packages."),
    ]


class Measurement(TypedDict):
    """What was measured of a version, beside it."""

    id: int
    dataset: str
    dataset_url: str
    dataset_digest: str
    task: str
    metric: str
    value: float
    higher_is_better: bool
    low: float | None
    high: float | None
    examples: int | None
    examples_per_second: float | None
    machine: str
    size: Annotated[int | None, Meta(description="Bytes of the files that were measured.")]
    tool: str
    publisher: Annotated[str, Meta(description="Who measured.")]
    by_others: Annotated[
        bool, Meta(description="Whether that is another one than the publisher of the model.")
    ]
    measured_by: Annotated[
        str,
        Meta(description="The name of user or token; empty for callers without a token of that publisher."),
    ]
    measured_at: Time


class MeasuredDataset(TypedDict):
    """A dataset that models were measured on."""

    task: str
    dataset: str
    versions: Annotated[Count, Meta(description="How many were measured.")]


class MeasuredMetric(TypedDict):
    """A metric of a dataset."""

    name: str
    higher_is_better: bool


class MeasuredValue(TypedDict):
    """A value with its confidence interval."""

    value: float
    low: float | None
    high: float | None
    examples: int | None


class MeasuredVersion(TypedDict):
    """What one publisher measured of one version."""

    handle: Handle
    url: str
    publisher: Annotated[str, Meta(description="Who measured.")]
    by_others: bool
    task: str
    size: Annotated[int | None, Meta(description="Bytes of its download.")]
    examples_per_second: float | None
    machine: str
    values: Annotated[Mapping[str, MeasuredValue], Meta(description="By metric.")]


class Measured(TypedDict):
    """The datasets that models were measured on, and the table of one of them."""

    datasets: Sequence[MeasuredDataset]
    metrics: Sequence[MeasuredMetric]
    rows: Sequence[MeasuredVersion]
    total: Annotated[Count, Meta(description="Rows on all pages.")]
    cut: Annotated[bool, Meta(description="Whether older measurements were left out: there are too many.")]
    page: int
    pages: Count


class SigningKey(TypedDict):
    """A key that a publisher signs versions with."""

    id: Annotated[str, Meta(description="Short, for people: of the SHA-256 of the key.")]
    public_key: Annotated[str, Meta(description="ed25519: and its 32 bytes in base64.")]
    name: str
    added_at: Time
    added_by: Annotated[
        str, Meta(description="The name of the token; empty for callers without a token of the publisher.")
    ]
    revoked_at: Annotated[Time | None, Meta(description="From then on, nothing that it signed is trusted.")]


class SigningKeys(TypedDict):
    """The keys of a publisher."""

    publisher: str
    keys: Sequence[SigningKey]


class Signature(TypedDict):
    """A signature of a version."""

    kind: DeploymentKind
    digest: Annotated[Digest, Meta(description="Of the content that is signed.")]
    signed_at: Annotated[Time, Meta(description="By the clock of the signer.")]
    added_at: Annotated[Time, Meta(description="When the hub got it.")]
    key: SigningKey
    envelope: Annotated[str, Meta(description="The signed statement: DSSE with an in-toto Statement.")]


class Signatures(TypedDict):
    """The signatures of a version."""

    handle: Handle
    signatures: Sequence[Signature]


class Picture(TypedDict):
    """A picture that a card refers to."""

    path: Annotated[str, Meta(description="As the card has it.")]
    url: str
    sha256: Annotated[Sha256, Meta(description="Of the file without its metadata.")]
    media_type: str
    width: Annotated[int, Meta(description="Pixels.")]
    height: int


class Version(TypedDict):
    """A version with its card and its downloads."""

    handle: Handle
    url: str
    publisher: str
    model: str
    version: int
    kind: str
    state: Annotated[str, Meta(extra_json_schema={"enum": ["visible", "withdrawn"]})]
    reason: str
    newest: int | None
    parent: str | None
    published_at: Annotated[
        Time | None, Meta(description="null: nobody knows, the documentation was imported.")
    ]
    published_by: Annotated[
        str, Meta(description="The name of the token; empty for callers without a token of the publisher.")
    ]
    downloads: int
    description: str
    metadata: Mapping[str, Sequence[str]]
    card: Annotated[str, Meta(description="The whole card, Markdown.")]
    pictures: Sequence[Picture]
    deployments: Sequence[Deployment]
    derived_from: Annotated[Sequence[str], Meta(description="The modules that its card names.")]
    used_by: Annotated[
        Sequence[Handle], Meta(description="The newest versions derived from it; 100 at most.")
    ]
    measurements: Sequence[Measurement]
    signatures: Sequence[Signature]


class FileOfVersion(TypedDict):
    """A file of a version."""

    path: str
    size: Annotated[int, Meta(description="Bytes.")]
    sha256: Sha256


class FilesOfVersion(TypedDict):
    """The files of a deployment, and how many there are on all pages."""

    handle: Handle
    deployment: DeploymentKind
    files: Sequence[FileOfVersion]
    total: Count
    page: int
    pages: int


class TextOfFile(TypedDict):
    """A part of a text file; `text` is empty where the bytes are no text."""

    handle: Handle
    deployment: DeploymentKind
    path: str
    sha256: Sha256
    size: Annotated[int, Meta(description="Bytes of the whole file.")]
    start: Annotated[int, Meta(description="The first byte of this part.")]
    end: Annotated[int, Meta(description="The byte behind its last one.")]
    is_text: bool
    text: str


class VariableOfVersion(TypedDict):
    """A variable."""

    name: str
    dtype: str
    shape: Sequence[int | None] | None
    size: Annotated[int, Meta(description="Bytes.")]


class VariablesOfVersion(TypedDict):
    """The variables of a deployment whose names have the words asked for."""

    handle: Handle
    deployment: DeploymentKind
    variables: Sequence[VariableOfVersion]
    total: Count
    bytes: Annotated[int, Meta(description="Of all that match.")]
    page: int
    pages: int


class OpOfGraph(TypedDict):
    """An op of a graph."""

    op: str
    count: Count
    reaches: Annotated[str, Meta(description="What it does outside of the graph; empty for nothing.")]


class LayerOfGraph(TypedDict):
    """A scope of names in a graph, with the scopes within."""

    name: str
    ops: Annotated[int, Meta(description="Ops in it, with those of the scopes within.")]
    commonest: Sequence[str]
    layers: Sequence[LayerOfGraph]


class GraphOfVersion(TypedDict):
    """The ops of a graph by count, and its signatures with their layers."""

    handle: Handle
    deployment: DeploymentKind
    ops: Sequence[OpOfGraph]
    signatures: Sequence[LayerOfGraph]


class Change(TypedDict):
    """What one version has, and what the other has in its place; null for nothing."""

    name: str
    before: str | None
    after: str | None


class Differences(TypedDict):
    """What changed from one version of a model to another."""

    before: Handle
    after: Handle
    summary: Annotated[Sequence[str], Meta(description="In sentences.")]
    card: Annotated[Sequence[str], Meta(description="Lines of a unified diff.")]
    variables: Sequence[Change]
    ops: Sequence[Change]
    files: Sequence[Change]
    cut: Annotated[bool, Meta(description="Whether there are more than are listed.")]


class VersionOfModel(TypedDict):
    """A version in the list of its model."""

    handle: Handle
    url: str
    version: int
    state: str
    reason: str
    published_at: Time | None


class Model(TypedDict):
    """A model and its versions, newest first."""

    handle: str
    url: str
    publisher: str
    model: str
    kind: str
    newest: int | None
    downloads: int
    created_at: Time
    updated_at: Time
    versions: Sequence[VersionOfModel]


class Publisher(TypedDict):
    """Who a publisher is."""

    name: str
    url: str
    title: str
    description: str
    private: bool
    created_at: Time


class ModelOfPublisher(TypedDict):
    """A model in the list of its publisher."""

    handle: str
    url: str
    kind: str
    newest: int | None
    updated_at: Time


class PublisherWithModels(Publisher):
    """A publisher, its card and its models."""

    card: str
    models: Sequence[ModelOfPublisher]


class Publishers(TypedDict):
    """All publishers that may be seen."""

    publishers: Sequence[Publisher]


class Upload(TypedDict, total=False):
    """How far an upload is; or that the same content is published already."""

    id: str
    url: str
    handle: Handle
    size: int
    received: Annotated[int, Meta(description="Send the bytes from here on.")]
    expires_at: Time
    published: Annotated[bool, Meta(description="True: the same content is published, send nothing.")]


class StateOfVersion(TypedDict):
    """The new state of a version."""

    handle: Handle
    state: str
    reason: str


class Token(TypedDict):
    """What a token may do."""

    id: int
    name: str
    scope: Scope
    publisher: str | None
    created_at: Time
    created_by: str
    expires_at: Time | None
    revoked_at: Time | None
    used_at: Annotated[Time | None, Meta(description="When it was last used, to the minute.")]


class TokenWithSecret(Token):
    """A token that was just made."""

    secret: Annotated[str, Meta(description="Only in the answer that makes the token.")]


class Tokens(TypedDict):
    """Tokens without their secrets."""

    tokens: Sequence[Token]


class Member(TypedDict):
    """A user with a role in a publisher."""

    user: int
    name: str
    role: Role
    added_at: Time
    added_by: str


class Invitation(TypedDict):
    """An invitation to become a member."""

    id: int
    role: Role
    note: str
    created_at: Time
    created_by: str
    expires_at: Time


class InvitationWithUrl(Invitation):
    """An invitation that was just made."""

    url: Annotated[str, Meta(description="The page to accept it on; only in the answer that makes it.")]


class Members(TypedDict):
    """The members of a publisher, and the invitations that are open."""

    members: Sequence[Member]
    invitations: Sequence[Invitation]


class DeviceLogin(TypedDict):
    """What a program needs in order to be signed in by a person (RFC 8628)."""

    device_code: Annotated[str, Meta(description="Its secret, to ask for the token with.")]
    user_code: Annotated[str, Meta(description="To be shown; the page shows it too.")]
    verification_uri: str
    verification_uri_complete: str
    expires_in: Annotated[int, Meta(description="Seconds.")]
    interval: Annotated[int, Meta(description="Seconds to wait between two questions.")]


class DeviceAnswer(TypedDict):
    """Whether a person has signed the program in."""

    state: Annotated[str, Meta(extra_json_schema={"enum": ["pending", "granted", "denied"]})]
    secret: Annotated[str | None, Meta(description="Of the token, where it was granted; only once.")]


class Webhook(TypedDict):
    """A URL that is told of what is done."""

    id: int
    publisher: Annotated[str | None, Meta(description="Whose events; null: of the whole hub.")]
    url: str
    events: Sequence[Event]
    active: bool
    reason: Annotated[str, Meta(description="Why it is switched off.")]
    failing_since: Annotated[Time | None, Meta(description="null: the last message was delivered.")]
    created_at: Time
    created_by: str


class WebhookWithSecret(Webhook):
    """A webhook that was just made."""

    secret: Annotated[str, Meta(description="To check signatures with; only in this answer.")]


class Webhooks(TypedDict):
    """Webhooks without their secrets."""

    webhooks: Sequence[Webhook]


class Delivery(TypedDict):
    """A message to a webhook."""

    id: Annotated[str, Meta(description="The header `webhook-id`.")]
    event: Annotated[str, Meta(description="publish, withdraw, …, or test.")]
    handle: Annotated[str, Meta(description="Of the version; empty for a test.")]
    at: Annotated[Time, Meta(description="When it was done.")]
    state: Annotated[str, Meta(extra_json_schema={"enum": ["waiting", "delivered", "failed"]})]
    attempts: Count
    tried_at: Time | None
    next_at: Annotated[Time | None, Meta(description="The next attempt, at the earliest.")]
    status: Annotated[int | None, Meta(description="Of the last answer; null: none came.")]
    answer: Annotated[str, Meta(description="How it begins, or why none came.")]


class Deliveries(TypedDict):
    """The last messages of a webhook, the newest first."""

    deliveries: Sequence[Delivery]


class AuditEntries(TypedDict):
    """Lines of the audit log."""

    entries: Sequence[Mapping[str, Any]]


class SearchResult(TypedDict):
    """A model that was found."""

    handle: Annotated[str, Meta(description="publisher/model/version, what code loads.")]
    model: str
    version: Annotated[int, Meta(ge=1)]
    url: str
    publisher: str
    private: Annotated[bool, Meta(description="Whether only readers of the publisher see it.")]
    kind: str
    description: str
    task: str | None
    tasks: Sequence[str]
    format: str | None
    formats: Sequence[str]
    languages: Sequence[str]
    architectures: Sequence[str]
    datasets: Sequence[str]
    license: str | None
    fine_tunable: bool | None
    interfaces: Sequence[str]
    facets: Annotated[Mapping[str, Sequence[str]], Meta(description="Every facet with the model's values.")]
    signatures: Annotated[
        Sequence[str], Meta(description="Typed interfaces, such as 'string[?] -> float32[?,512]'.")
    ]
    trainable: bool | None
    custom_ops: bool | None
    size: Annotated[int | None, Meta(description="Bytes; null when the files are not here.")]
    downloads: Count
    published_at: Time | None


class FacetValue(TypedDict):
    """A value of a facet and how many models have it."""

    value: str
    label: str
    count: Count


class SearchAnswer(TypedDict):
    """A page of results, best first, with counts of the facets."""

    query: str
    url: Annotated[str, Meta(description="The page that shows the same.")]
    total: Count
    page: Annotated[int, Meta(ge=1)]
    pages: Count
    corrected: Annotated[str | None, Meta(description="What was searched in place of mistyped words.")]
    relaxed: Annotated[bool, Meta(description="Whether results may lack a word.")]
    results: Sequence[SearchResult]
    facets: Mapping[str, Sequence[FacetValue]]
    facets_estimated: Annotated[bool, Meta(description="Counted on a sample: among very many.")]
    took_ms: float


class SimilarModels(TypedDict):
    """Models that are like one."""

    model: str
    results: Sequence[SearchResult]


class DownloadsOfDay(TypedDict):
    """Downloads on one day."""

    day: Day
    downloads: Count


class Downloads(TypedDict):
    """Downloads of a model by day."""

    model: str
    total: Count
    days: Sequence[DownloadsOfDay]


class Problem(TypedDict):
    """Why a request was refused, and what to do next."""

    code: Annotated[str, Meta(description="not_found, conflict, rejected, …")]
    message: str
    hint: Annotated[str, Meta(description="What to do next.")]


class ProblemWithSuggestions(Problem, total=False):
    """The same, with names that may have been meant, and the line of a card that it is about."""

    suggestions: Sequence[str]
    line: int


class Error(TypedDict):
    """The body of every refusal."""

    error: ProblemWithSuggestions


class ServingError(TypedDict):
    """The body of a refusal as TensorFlow Serving writes it: what is wrong and what to do, as one text."""

    error: str


class Predictions(TypedDict):
    """What a model gives for each instance: a value, or values by name where it has several outputs."""

    predictions: Sequence[Any]


class Outputs(TypedDict):
    """What a model gives for the inputs: a value, or values by name where it has several outputs."""

    outputs: Any


class ServedVersions(TypedDict):
    """Which versions of a model answer."""

    model_version_status: Sequence[Mapping[str, Any]]


class ServedMetadata(TypedDict):
    """What a version takes and gives: its signatures as TensorFlow Serving writes them."""

    model_spec: Mapping[str, str]
    metadata: Mapping[str, Any]
