"""What the forms of the pages send: fields of text, which browsers name and people fill in."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tensorflow_hub.api.fields import Role, Scope


class Fields(Struct, frozen=True):
    """The fields of a form."""


class TryFields(Fields, frozen=True):
    """A version in the path, and the rows of each of its inputs as a text."""

    MOST_INPUTS: ClassVar[int] = 4

    handle: str
    input_0: str = ""
    input_1: str = ""
    input_2: str = ""
    input_3: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        """The texts of the inputs, in their order."""
        return (self.input_0, self.input_1, self.input_2, self.input_3)


class NoFields(Fields, frozen=True):
    """A button alone."""


class SignIn(Fields, frozen=True):
    """A token, and the page to go on to."""

    token: Annotated[str, Meta(max_length=1000)] = ""
    next: Annotated[str, Meta(max_length=2000)] = "/"


class OfSession(Fields, frozen=True):
    """A session in the path."""

    session: int


class OwnToken(Fields, frozen=True):
    """What a new token is for; without a publisher it is for all that the person has rights for."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scope: Scope
    publisher: Annotated[str, Meta(max_length=100)] = ""
    days: Annotated[str, Meta(pattern="^([1-9][0-9]{0,2})?$")] = ""


class Invite(Fields, frozen=True):
    """A role in a publisher, and whom it is for."""

    publisher: str
    role: Role
    note: Annotated[str, Meta(max_length=200)] = ""


class OfInvitation(Fields, frozen=True):
    """An invitation in the path."""

    publisher: str
    invitation: int


class ChangeMember(Fields, frozen=True):
    """A member in the path, and the new role; `remove` for none."""

    publisher: str
    user: int
    role: str


class Join(Fields, frozen=True):
    """The secret of an invitation, and the name of a new user."""

    code: Annotated[str, Meta(max_length=200)]
    name: Annotated[str, Meta(max_length=200)] = ""


class DeviceAnswer(Fields, frozen=True):
    """Whether a program that shows a code gets a token, and what it may do."""

    code: Annotated[str, Meta(max_length=100)]
    answer: str
    scope: Scope = "read"
    publisher: Annotated[str, Meta(max_length=100)] = ""
    days: Annotated[str, Meta(pattern="^([1-9][0-9]{0,2})?$")] = ""


class EventFields(Fields, frozen=True, kw_only=True):
    """A box for each event; what stands in it, where it is ticked, does not matter."""

    publish: str = ""
    withdraw: str = ""
    restore: str = ""
    delete: str = ""
    card: str = ""

    @property
    def events(self) -> list[str]:
        """The events whose boxes are ticked."""
        return [name for name in EventFields.__struct_fields__ if getattr(self, name)]


class Subscribe(EventFields, frozen=True):
    """The publisher that a member wants mail about, the address, and a box for each event."""

    publisher: Annotated[str, Meta(max_length=100)]
    address: Annotated[str, Meta(max_length=300)]


class Unsubscribe(Fields, frozen=True):
    """The publisher that a member wants no mail about any more."""

    publisher: Annotated[str, Meta(max_length=100)]


class ConfirmMail(Fields, frozen=True):
    """The code of a mail."""

    code: Annotated[str, Meta(max_length=200)]


class CreateWebhook(EventFields, frozen=True):
    """The URL of a new webhook, whose events it is told, and a box for each event."""

    url: Annotated[str, Meta(max_length=2000)]
    publisher: Annotated[str, Meta(max_length=100)] = ""


class OfWebhook(Fields, frozen=True):
    """A webhook in the path."""

    webhook: int


class SwitchWebhook(OfWebhook, frozen=True):
    """A webhook in the path, and what becomes of it: on, off or remove."""

    to: str


class OfDelivery(OfWebhook, frozen=True):
    """A message of a webhook in the path."""

    delivery: str


class OfMeasurement(Fields, frozen=True):
    """A measurement in the path."""

    measurement: int


class ChangeMeasurement(OfMeasurement, frozen=True):
    """A measurement in the path, and its new figures; an empty text for what was not measured."""

    value: Annotated[str, Meta(min_length=1, max_length=40)]
    low: Annotated[str, Meta(max_length=40)] = ""
    high: Annotated[str, Meta(max_length=40)] = ""
    examples: Annotated[str, Meta(max_length=40)] = ""
    examples_per_second: Annotated[str, Meta(max_length=40)] = ""
    machine: Annotated[str, Meta(max_length=200)] = ""


class OfToken(Fields, frozen=True):
    """A token in the path."""

    token: int
