"""Types of the fields that the forms of the pages send, as texts."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tensorflow_hub.api.fields import Role, Scope
from tensorflow_hub.api.names import EVENTS


class Fields(Struct, frozen=True):
    """The fields of a form."""


class TryFields(Fields, frozen=True):
    """A version in the path, and the rows of each input as a text."""

    MOST_INPUTS: ClassVar[int] = 4

    handle: str
    input_0: str = ""
    input_1: str = ""
    input_2: str = ""
    input_3: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        """Returns the texts of the inputs, in their order."""
        return (self.input_0, self.input_1, self.input_2, self.input_3)


class NoFields(Fields, frozen=True):
    """No fields: the form has only a button."""


class SignIn(Fields, frozen=True):
    """A token, and the page to open after the sign-in."""

    token: Annotated[str, Meta(max_length=1000)] = ""
    next: Annotated[str, Meta(max_length=2000)] = "/"


class OfSession(Fields, frozen=True):
    """A session in the path."""

    session: int


class OwnToken(Fields, frozen=True):
    """The name, scope and lifetime of a new token. Without a publisher it has all rights of the user."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scope: Scope
    publisher: Annotated[str, Meta(max_length=100)] = ""
    days: Annotated[str, Meta(pattern="^([1-9][0-9]{0,2})?$")] = ""


class ChangePublisher(Fields, frozen=True):
    """A publisher in the path, its title and description, and a checkbox: is it private?"""

    publisher: str
    title: Annotated[str, Meta(max_length=200)] = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    private: str = ""


class Invite(Fields, frozen=True):
    """The publisher and role of an invitation, and a note."""

    publisher: str
    role: Role
    note: Annotated[str, Meta(max_length=200)] = ""


class OfInvitation(Fields, frozen=True):
    """An invitation in the path."""

    publisher: str
    invitation: int


class ChangeMember(Fields, frozen=True):
    """A member in the path, and the new role; `remove` removes the member."""

    publisher: str
    user: int
    role: str


class Join(Fields, frozen=True):
    """The secret of an invitation, and the name of a new user."""

    code: Annotated[str, Meta(max_length=200)]
    name: Annotated[str, Meta(max_length=200)] = ""


class DeviceAnswer(Fields, frozen=True):
    """The user's decision about a program that shows a code, and the rights of its token."""

    code: Annotated[str, Meta(max_length=100)]
    answer: str
    scope: Scope = "read"
    publisher: Annotated[str, Meta(max_length=100)] = ""
    days: Annotated[str, Meta(pattern="^([1-9][0-9]{0,2})?$")] = ""


class EventFields(Fields, frozen=True, kw_only=True):
    """A checkbox for each event. Any text but "" means that it is ticked."""

    publish: str = ""
    withdraw: str = ""
    restore: str = ""
    delete: str = ""
    card: str = ""

    @property
    def events(self) -> list[str]:
        """Returns the events whose checkboxes are ticked."""
        return [name for name in EVENTS if getattr(self, name)]


class Subscribe(EventFields, frozen=True):
    """The publisher about which a member wants mail, the address, and a checkbox for each event."""

    publisher: Annotated[str, Meta(max_length=100)]
    address: Annotated[str, Meta(max_length=300)]


class Unsubscribe(Fields, frozen=True):
    """The publisher about which a member no longer wants mail."""

    publisher: Annotated[str, Meta(max_length=100)]


class ConfirmMail(Fields, frozen=True):
    """The code from a confirmation mail."""

    code: Annotated[str, Meta(max_length=200)]


class CreateWebhook(EventFields, frozen=True):
    """The URL of a new webhook, its publisher, and a checkbox for each event."""

    url: Annotated[str, Meta(max_length=2000)]
    publisher: Annotated[str, Meta(max_length=100)] = ""


class OfWebhook(Fields, frozen=True):
    """A webhook in the path."""

    webhook: int


class SwitchWebhook(OfWebhook, frozen=True):
    """A webhook in the path, and the action: on, off or remove."""

    to: str


class ChangeEvents(EventFields, frozen=True):
    """A webhook in the path, and a checkbox for each event."""

    webhook: int


class OfDelivery(OfWebhook, frozen=True):
    """A message of a webhook in the path."""

    delivery: str


class OfMeasurement(Fields, frozen=True):
    """A measurement in the path."""

    measurement: int


class ChangeMeasurement(OfMeasurement, frozen=True):
    """A measurement in the path, and its new figures; an empty text for a missing figure."""

    value: Annotated[str, Meta(min_length=1, max_length=40)]
    low: Annotated[str, Meta(max_length=40)] = ""
    high: Annotated[str, Meta(max_length=40)] = ""
    examples: Annotated[str, Meta(max_length=40)] = ""
    examples_per_second: Annotated[str, Meta(max_length=40)] = ""
    machine: Annotated[str, Meta(max_length=200)] = ""


class OfToken(Fields, frozen=True):
    """A token in the path."""

    token: int
