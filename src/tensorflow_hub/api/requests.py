"""What the hub is asked: bodies, whose unknown fields are refused, and parameters of URLs and headers."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tensorflow_hub.api.fields import DeploymentKind, Digest, Event, Handle, Role, Scope, Sha256
from tensorflow_hub.api.headers import UPLOAD_OFFSET

# Numbers beyond are none of the database's.
_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON body."""


class Parameters(Struct, frozen=True):
    """Parameters in a path, a query or headers."""


class PredictionAsked(Body, frozen=True):
    """Inputs of a model, as TensorFlow Serving takes them: either `instances` or `inputs`."""

    signature_name: Annotated[
        str, Meta(max_length=200, description="Without it, the one that is meant for serving.")
    ] = ""
    instances: Annotated[
        Raw | UnsetType,
        Meta(
            extra_json_schema={"type": "array", "description": "Row by row: a value each, or values by name."}
        ),
    ] = UNSET
    inputs: Annotated[
        Raw | UnsetType,
        Meta(extra_json_schema={"description": "All rows of the only input, or of each input by name."}),
    ] = UNSET


class NewUpload(Body, frozen=True):
    """What will be sent."""

    handle: Handle
    size: Annotated[int, Meta(ge=1, description="Bytes of the archive.")]
    sha256: Annotated[Sha256, Meta(description="Of the archive, in hex.")]
    digest: Digest | None = None
    card: str = ""
    deployment: DeploymentKind | None = None


class UploadedIndex(Body, frozen=True):
    """The index of the archive that was sent, if there is one."""

    index: Annotated[Raw | UnsetType, Meta(extra_json_schema={"type": "object"})] = UNSET


class CardOfVersion(Body, frozen=True):
    """A version and its new card."""

    handle: Handle
    card: str


_Amount = Annotated[float, Meta(ge=0)]
_Text = Annotated[str, Meta(max_length=200)]


class NewMeasurement(Body, frozen=True):
    """What was measured of a version."""

    handle: Handle
    dataset: Annotated[str, Meta(min_length=1, max_length=200, description="The name of the dataset.")]
    metric: Annotated[str, Meta(min_length=1, max_length=100, examples=["accuracy"])]
    value: float
    task: Annotated[str, Meta(max_length=100, examples=["text-classification"])] = ""
    higher_is_better: bool = True
    low: Annotated[float | None, Meta(description="Lower end of the confidence interval.")] = None
    high: Annotated[float | None, Meta(description="Upper end.")] = None
    examples: Annotated[_Number | None, Meta(description="How many were measured on.")] = None
    examples_per_second: _Amount | None = None
    machine: Annotated[_Text, Meta(description="The machine of the speed, in words.")] = ""
    size: Annotated[_Number | None, Meta(description="Bytes of the files that were measured.")] = None
    dataset_url: Annotated[str, Meta(max_length=1000, description="An http or https URL.")] = ""
    dataset_digest: Annotated[Digest | None, Meta(description="sha256:… of the dataset.")] = None
    digest: Annotated[
        Digest | None,
        Meta(description="Of the content that was measured; refused where the version has other."),
    ] = None
    tool: Annotated[_Text, Meta(description="The program that measured, with its version.")] = ""
    publisher: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="Who measured; without it, the publisher of the model."),
    ] = None


class MeasuredAsked(Parameters, frozen=True):
    """Which table of measured models."""

    task: Annotated[str, Meta(max_length=100, description="What was solved.")] = ""
    dataset: Annotated[str, Meta(max_length=200, description="Its name; without it, only the datasets.")] = ""
    sort: Annotated[
        str,
        Meta(
            max_length=120,
            description="metric:NAME, speed, size or model; - before it: the other way round. "
            "By default by the first metric.",
        ),
    ] = ""
    page: Annotated[int, Meta(ge=1, le=100_000, description="From 1.")] = 1


class OfMeasurement(Parameters, frozen=True):
    """A measurement in the path."""

    measurement: Annotated[int, Meta(ge=0, description="Its number.")]


class StateChange(Body, frozen=True):
    """A version and why its state changes."""

    handle: Handle
    reason: Annotated[str, Meta(max_length=1000)] = ""


class PublisherChange(Body, frozen=True):
    """What changes; what is left out stays."""

    title: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    card: str | UnsetType = UNSET
    private: bool | UnsetType = UNSET


class NewToken(Body, frozen=True):
    """What a new token is for."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scope: Scope
    publisher: Annotated[str | None, Meta(description="null: it is good for all.")]
    days: Annotated[
        Annotated[int, Meta(ge=1, le=3650)] | None, Meta(description="Without them it never expires.")
    ] = None


class NewSignature(Body, frozen=True):
    """A version and its signed statement."""

    handle: Handle
    envelope: Annotated[
        str, Meta(max_length=16_384, description="DSSE with an in-toto Statement about the version.")
    ]


class NewSigningKey(Body, frozen=True):
    """A key that the publisher signs with."""

    public_key: Annotated[str, Meta(max_length=100, description="ed25519: and its 32 bytes in base64.")]
    name: Annotated[str, Meta(max_length=100, description="What people know it by.")] = ""


class NewInvitation(Body, frozen=True):
    """The role that is offered, and whom it is for."""

    role: Role
    note: Annotated[str, Meta(max_length=200, description="Whom it is for, for your own list.")] = ""


class RoleChange(Body, frozen=True):
    """The new role of a member."""

    role: Role


class NewWebhook(Body, frozen=True):
    """Where to send what is done, and what of it."""

    url: Annotated[str, Meta(max_length=2000, description="http or https, of a public address.")]
    publisher: Annotated[str | None, Meta(description="Whose events; null: of the whole hub.")]
    events: Annotated[list[Event], Meta(description="Empty: all of them.")] = []


class WebhookChange(Body, frozen=True):
    """What changes; what is left out stays."""

    events: Annotated[list[Event] | None, Meta(description="Empty: all of them.")] = None
    active: Annotated[bool | None, Meta(description="Whether messages are sent.")] = None


class MailChange(Body, frozen=True):
    """The events that a member gets mail about."""

    events: Annotated[list[Event], Meta(min_length=1, description="At least one.")]


class NewDeviceLogin(Body, frozen=True):
    """Which program asks to be signed in."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="What people know it by.")]


class DeviceSecret(Body, frozen=True):
    """The secret of a program that waits."""

    device_code: Annotated[str, Meta(max_length=100)]


class OfModel(Parameters, frozen=True):
    """A model in the path."""

    handle: Annotated[str, Meta(description="publisher/model; has slashes.")]


class OfModelOrVersion(Parameters, frozen=True):
    """A model or a version in the path."""

    handle: Annotated[str, Meta(description="publisher/model or publisher/model/version; has slashes.")]


class OfServedVersion(Parameters, frozen=True):
    """A version in the path, as TensorFlow Serving writes it."""

    handle: Annotated[str, Meta(description="publisher/model; has slashes.")]
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class OfVersion(Parameters, frozen=True):
    """A version in the path."""

    handle: Annotated[str, Meta(description="publisher/model/version; has slashes.")]


class PicturePath(Parameters, frozen=True):
    """Which picture of a card."""

    path: Annotated[str, Meta(max_length=700, description="As the card has it: pictures/cats.png.")]


class OfDeployment(Parameters, frozen=True):
    """A deployment of a version."""

    deployment: Annotated[
        str | None, Meta(description="saved_model, tfjs, …; without it, the first one.")
    ] = None


class FilesAsked(OfDeployment, frozen=True):
    """Which files."""

    page: Annotated[int, Meta(ge=1, le=100_000, description="From 1.")] = 1


class TextAsked(OfDeployment, frozen=True, rename={"start": "from"}):
    """Which part of which file."""

    file: Annotated[str, Meta(max_length=4096, description="Its path.")] = ""
    start: Annotated[_Number, Meta(description="The first byte.")] = 0


class VariablesAsked(FilesAsked, frozen=True):
    """Which variables."""

    q: Annotated[str, Meta(max_length=300, description="Words that the names have to have.")] = ""


class DifferencesAsked(Parameters, frozen=True):
    """With which version another one is compared."""

    before: Annotated[
        Annotated[int, Meta(ge=1, le=2**31 - 1)] | None,
        Meta(description="Its number; without it, the one before."),
    ] = None


class OfPublisher(Parameters, frozen=True):
    """A publisher in the path."""

    publisher: Annotated[str, Meta(description="Its name.")]


class OfMember(OfPublisher, frozen=True):
    """A member of a publisher in the path."""

    user: Annotated[int, Meta(ge=0, description="The number of the user.")]


class OfSigningKey(OfPublisher, frozen=True):
    """A key of a publisher in the path."""

    key: Annotated[str, Meta(description="Its short id.")]


class OfInvitation(OfPublisher, frozen=True):
    """An invitation to a publisher in the path."""

    invitation: Annotated[int, Meta(ge=0, description="Its number.")]


class OfUpload(Parameters, frozen=True):
    """An upload in the path."""

    upload: Annotated[str, Meta(description="The number of the upload.")]


class OfToken(Parameters, frozen=True):
    """A token in the path."""

    token: Annotated[int, Meta(ge=0, description="Its number.")]


class OfWebhook(Parameters, frozen=True):
    """A webhook in the path."""

    webhook: Annotated[int, Meta(ge=0, description="Its number.")]


class OfDelivery(OfWebhook, frozen=True):
    """A message of a webhook in the path."""

    delivery: Annotated[str, Meta(description="Its id.")]


class FromOffset(Parameters, frozen=True, rename={"offset": UPLOAD_OFFSET}):
    """Where the bytes of a body begin."""

    offset: Annotated[_Number, Meta(description="The byte of the upload that the body begins with.")]


class WithinPublisher(Parameters, frozen=True):
    """What concerns one publisher."""

    publisher: Annotated[str | None, Meta(description="What concerns one publisher.")] = None


class AuditPage(WithinPublisher, frozen=True):
    """Which lines of the audit log."""

    before: Annotated[_Number | None, Meta(description="Lines before this number.")] = None
