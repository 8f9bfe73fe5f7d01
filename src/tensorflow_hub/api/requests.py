"""Types of requests: JSON bodies, whose unknown fields are refused, and parameters of URLs and headers."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tensorflow_hub.api.fields import DeploymentKind, Digest, Event, Handle, Role, Scope, Sha256
from tensorflow_hub.api.headers import UPLOAD_OFFSET

# The numbers that a database column can store.
_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON body."""


class Parameters(Struct, frozen=True):
    """Parameters in a path, a query or headers."""


class PredictionAsked(Body, frozen=True):
    """Inputs of a model in the format of TensorFlow Serving: either `instances` or `inputs`."""

    signature_name: Annotated[
        str, Meta(max_length=200, description="The signature; default: the model's default for serving.")
    ] = ""
    instances: Annotated[
        Raw | UnsetType,
        Meta(
            extra_json_schema={
                "type": "array",
                "description": "One item for each row: a value, or values by name of the input.",
            }
        ),
    ] = UNSET
    inputs: Annotated[
        Raw | UnsetType,
        Meta(extra_json_schema={"description": "All rows of the only input, or of each input by its name."}),
    ] = UNSET


class ExamplesAsked(Body, frozen=True):
    """Examples to classify or to find a number for, in the format of TensorFlow Serving."""

    examples: Annotated[
        Raw,
        Meta(
            extra_json_schema={
                "type": "array",
                "description": "For each example its features by name: numbers, strings, or lists of these.",
            }
        ),
    ]
    context: Annotated[
        Raw | UnsetType,
        Meta(extra_json_schema={"type": "object", "description": "Features that all examples have."}),
    ] = UNSET
    signature_name: Annotated[
        str, Meta(max_length=200, description="The signature; default: the model's default for serving.")
    ] = ""


class NewUpload(Body, frozen=True):
    """An announced upload."""

    handle: Handle
    size: Annotated[int, Meta(ge=1, description="Size of the archive in bytes.")]
    sha256: Annotated[Sha256, Meta(description="SHA-256 of the archive, in hex.")]
    digest: Digest | None = None
    card: str = ""
    deployment: DeploymentKind | None = None


class UploadedIndex(Body, frozen=True):
    """The index of the uploaded archive, if the client has made one."""

    index: Annotated[Raw | UnsetType, Meta(extra_json_schema={"type": "object"})] = UNSET


class CardOfVersion(Body, frozen=True):
    """A version and its new card."""

    handle: Handle
    card: str


_Amount = Annotated[float, Meta(ge=0)]
_Text = Annotated[str, Meta(max_length=200)]


class NewMeasurement(Body, frozen=True):
    """A measurement of a version."""

    handle: Handle
    dataset: Annotated[str, Meta(min_length=1, max_length=200, description="The name of the dataset.")]
    metric: Annotated[str, Meta(min_length=1, max_length=100, examples=["accuracy"])]
    value: float
    task: Annotated[str, Meta(max_length=100, examples=["text-classification"])] = ""
    higher_is_better: bool = True
    low: Annotated[float | None, Meta(description="Lower end of the confidence interval.")] = None
    high: Annotated[float | None, Meta(description="Upper end of the confidence interval.")] = None
    examples: Annotated[_Number | None, Meta(description="Number of examples.")] = None
    examples_per_second: _Amount | None = None
    machine: Annotated[_Text, Meta(description="The machine on which the speed was measured.")] = ""
    size: Annotated[_Number | None, Meta(description="Size of the measured files in bytes.")] = None
    dataset_url: Annotated[str, Meta(max_length=1000, description="An http or https URL.")] = ""
    dataset_digest: Annotated[Digest | None, Meta(description="sha256:… of the dataset.")] = None
    digest: Annotated[
        Digest | None,
        Meta(description="Digest of the measured content; refused if the version has other content."),
    ] = None
    tool: Annotated[_Text, Meta(description="The program that measured, with its version.")] = ""
    publisher: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="The publisher that measured; default: the publisher of the model."),
    ] = None


class MeasuredAsked(Parameters, frozen=True):
    """The task, dataset, order and page of a table of measurements."""

    task: Annotated[str, Meta(max_length=100, description="The task.")] = ""
    dataset: Annotated[
        str, Meta(max_length=200, description="The dataset's name; without it, only datasets are listed.")
    ] = ""
    sort: Annotated[
        str,
        Meta(
            max_length=120,
            description="metric:NAME, speed, size or model; with - before it: reversed. "
            "Default: the first metric.",
        ),
    ] = ""
    page: Annotated[int, Meta(ge=1, le=100_000, description="The page, from 1.")] = 1


class OfMeasurement(Parameters, frozen=True):
    """A measurement in the path."""

    measurement: Annotated[int, Meta(ge=0, description="The number of the measurement.")]


class StateChange(Body, frozen=True):
    """A version, and the reason for the change of its state."""

    handle: Handle
    reason: Annotated[str, Meta(max_length=1000)] = ""


class PublisherChange(Body, frozen=True):
    """The fields of a publisher to change; missing fields are not changed."""

    title: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    card: str | UnsetType = UNSET
    private: bool | UnsetType = UNSET


class NewToken(Body, frozen=True):
    """A new token."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scope: Scope
    publisher: Annotated[str | None, Meta(description="null: the token is valid for all publishers.")]
    days: Annotated[
        Annotated[int, Meta(ge=1, le=3650)] | None,
        Meta(description="After how many days it expires; default: never."),
    ] = None


class NewSignature(Body, frozen=True):
    """A version and its signed statement."""

    handle: Handle
    envelope: Annotated[
        str,
        Meta(max_length=16_384, description="DSSE envelope with an in-toto Statement about the version."),
    ]


class NewSigningKey(Body, frozen=True):
    """A key with which the publisher signs."""

    public_key: Annotated[
        str, Meta(max_length=100, description="`ed25519:` and the 32 bytes of the key in base64.")
    ]
    name: Annotated[str, Meta(max_length=100, description="A name for the key, for users.")] = ""


class NewInvitation(Body, frozen=True):
    """The role of an invitation, and a note."""

    role: Role
    note: Annotated[str, Meta(max_length=200, description="A note, such as the invited person.")] = ""


class RoleChange(Body, frozen=True):
    """The new role of a member."""

    role: Role


class NewWebhook(Body, frozen=True):
    """The URL, publisher and events of a new webhook."""

    url: Annotated[str, Meta(max_length=2000, description="An http or https URL with a public address.")]
    publisher: Annotated[str | None, Meta(description="The publisher; null: events of the whole hub.")]
    events: Annotated[list[Event], Meta(description="The events; empty: all events.")] = []


class WebhookChange(Body, frozen=True):
    """The fields of a webhook to change; missing fields are not changed."""

    events: Annotated[list[Event] | None, Meta(description="The events; empty: all events.")] = None
    active: Annotated[bool | None, Meta(description="Whether messages are sent.")] = None


class MailChange(Body, frozen=True):
    """The events about which a member gets mail."""

    events: Annotated[list[Event], Meta(min_length=1, description="At least one.")]


class NewDeviceLogin(Body, frozen=True):
    """The program that asks for a sign-in."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="The program's name, for users.")]


class DeviceSecret(Body, frozen=True):
    """The secret of a program that waits for its sign-in."""

    device_code: Annotated[str, Meta(max_length=100)]


class OfModel(Parameters, frozen=True):
    """A model in the path."""

    handle: Annotated[str, Meta(description="publisher/model; has slashes.")]


class OfModelOrVersion(Parameters, frozen=True):
    """A model or a version in the path."""

    handle: Annotated[str, Meta(description="publisher/model or publisher/model/version; has slashes.")]


class OfServedVersion(Parameters, frozen=True):
    """A version in the path, in the format of TensorFlow Serving."""

    handle: Annotated[str, Meta(description="publisher/model; has slashes.")]
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class OfVersion(Parameters, frozen=True):
    """A version in the path."""

    handle: Annotated[str, Meta(description="publisher/model/version; has slashes.")]


class PicturePath(Parameters, frozen=True):
    """The path of a picture of a card."""

    path: Annotated[
        str, Meta(max_length=700, description="The path in the card, for example pictures/cats.png.")
    ]


class OfDeployment(Parameters, frozen=True):
    """A deployment of a version."""

    deployment: Annotated[
        str | None, Meta(description="saved_model, tfjs, …; default: the first deployment.")
    ] = None


class FilesAsked(OfDeployment, frozen=True):
    """A page of the list of files."""

    page: Annotated[int, Meta(ge=1, le=100_000, description="The page, from 1.")] = 1


class TextAsked(OfDeployment, frozen=True, rename={"start": "from"}):
    """A part of a file."""

    file: Annotated[str, Meta(max_length=4096, description="The path of the file.")] = ""
    start: Annotated[_Number, Meta(description="The offset of the first byte.")] = 0


class VariablesAsked(FilesAsked, frozen=True):
    """A page of the list of variables."""

    q: Annotated[str, Meta(max_length=300, description="Words that the names must contain.")] = ""


class DifferencesAsked(Parameters, frozen=True):
    """The version to compare with."""

    before: Annotated[
        Annotated[int, Meta(ge=1, le=2**31 - 1)] | None,
        Meta(description="The number of the version to compare with; default: the one before."),
    ] = None


class OfPublisher(Parameters, frozen=True):
    """A publisher in the path."""

    publisher: Annotated[str, Meta(description="The name of the publisher.")]


class OfMember(OfPublisher, frozen=True):
    """A member of a publisher in the path."""

    user: Annotated[int, Meta(ge=0, description="The number of the user.")]


class OfSigningKey(OfPublisher, frozen=True):
    """A key of a publisher in the path."""

    key: Annotated[str, Meta(description="The short id of the key.")]


class OfInvitation(OfPublisher, frozen=True):
    """An invitation to a publisher in the path."""

    invitation: Annotated[int, Meta(ge=0, description="The number of the invitation.")]


class OfUpload(Parameters, frozen=True):
    """An upload in the path."""

    upload: Annotated[str, Meta(description="The number of the upload.")]


class OfToken(Parameters, frozen=True):
    """A token in the path."""

    token: Annotated[int, Meta(ge=0, description="The number of the token.")]


class OfWebhook(Parameters, frozen=True):
    """A webhook in the path."""

    webhook: Annotated[int, Meta(ge=0, description="The number of the webhook.")]


class OfDelivery(OfWebhook, frozen=True):
    """A message of a webhook in the path."""

    delivery: Annotated[str, Meta(description="The id of the message.")]


class FromOffset(Parameters, frozen=True, rename={"offset": UPLOAD_OFFSET}):
    """The offset of a body in an upload."""

    offset: Annotated[_Number, Meta(description="The offset in the upload at which the body starts.")]


class WithinPublisher(Parameters, frozen=True):
    """A filter by publisher."""

    publisher: Annotated[str | None, Meta(description="Only entries of this publisher.")] = None


class AuditPage(WithinPublisher, frozen=True):
    """A page of the audit log."""

    before: Annotated[_Number | None, Meta(description="Only entries before this number.")] = None
