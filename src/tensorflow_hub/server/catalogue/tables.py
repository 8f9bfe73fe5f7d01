"""The tables of the catalogue, the same on SQLite and PostgreSQL. Times are seconds since 1970, UTC.

    publishers ─< models ─< versions ─< deployments      what is published
                              │├─ cards                  its documentation, which may be corrected later
                              │├─< pictures               of its card
                              │├─< measurements          how good it is on a dataset, and who measured it
                              │├─< derivations           what it is made from
                              └─< downloads              how often, per day
    publishers ─< members >─ users                       people and their roles
    publishers ─< invitations                            who may become a member
    publishers ─< signing_keys ─< signatures >─ versions who vouches for a version
    tokens, sessions                                     what programs and browsers prove themselves by
    device_logins                                        programs that wait to be signed in
    publishers ─< webhooks ─< deliveries >─ audit        who is told of what was done
    audit, uploads, rate_limits                          who did, what is under way, how often

A model is a name below a publisher: a module, a placeholder that groups deployments, or a collection
(`collection/<name>`). A version without deployments is an entry whose files are not here. A version
becomes visible when the transaction that inserts its rows commits; its deployments never change.
Changes of the tables are migrations (catalogue/migrations).
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives row ids only to INTEGER keys.
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

publishers = sa.Table(
    "publishers",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    # The name in lower case: nobody may be "Google" beside "google".
    sa.Column("name_key", sa.String(100), nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("card", sa.Text, nullable=False, default=""),
    sa.Column("private", sa.Boolean, nullable=False, default=False),
    # Its models come from the upstream hub; nobody published here under its name.
    sa.Column("mirrored", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    # "publisher/name": what a handle is looked up by.
    sa.Column("handle", sa.String(255), nullable=False, unique=True),
    # The kind of its card: module, placeholder, lite, tfjs, coral or collection.
    sa.Column("kind", sa.String(20), nullable=False),
    # Number of the newest version that is not withdrawn or deleted; NULL when there is none.
    sa.Column("latest", sa.Integer),
    sa.Column("downloads", sa.BigInteger, nullable=False, default=0),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False, index=True),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("model_id", sa.ForeignKey("models.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    # visible, withdrawn or deleted; the reason of the last two.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    # The handle of the placeholder or model this is a deployment of, as its card says.
    sa.Column("parent", sa.String(255), index=True),
    sa.Column("published_at", sa.BigInteger, nullable=False, index=True),
    # The name of the token that published it.
    sa.Column("published_by", sa.Text, nullable=False),
    sa.UniqueConstraint("model_id", "number"),
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("version_id", sa.ForeignKey("versions.id"), nullable=False),
    # saved_model (TF1 Hub format and SavedModels), tfjs, tflite or coral.
    sa.Column("kind", sa.String(20), nullable=False),
    # Of the stored tar.gz; archive_sha256 is also its key in the store.
    sa.Column("archive_sha256", sa.String(64), nullable=False, index=True),
    sa.Column("archive_size", sa.BigInteger, nullable=False),
    # Of the content, whatever the compression: "sha256:…" (format.archive.index.module_digest).
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("unpacked_size", sa.BigInteger, nullable=False),
    sa.Column("file_count", sa.Integer, nullable=False),
    # format.description.ModuleDescription.to_dict()
    sa.Column("description", sa.JSON, nullable=False),
    sa.Column("published_at", sa.BigInteger, nullable=False),
    # The name of the token that published it, or "mirror of …" and where it came from.
    sa.Column("published_by", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("version_id", "kind"),
)

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("version_id", sa.ForeignKey("versions.id"), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    # {"task": ["text-embedding"], "language": ["en"], …}: the keys of the card, each a list.
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

# Beside a version and never part of it: a version does not change.
measurements = sa.Table(
    "measurements",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("version_id", sa.ForeignKey("versions.id"), nullable=False),
    # Who measured: readers who may not see this publisher do not see the measurement.
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), nullable=False, index=True),
    sa.Column("task", sa.String(100), nullable=False),
    sa.Column("dataset", sa.String(200), nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("higher_is_better", sa.Boolean, nullable=False),
    # The ends of the confidence interval.
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    # How many examples of the dataset were measured on.
    sa.Column("examples", sa.BigInteger),
    sa.Column("examples_per_second", sa.Double),
    sa.Column("machine", sa.Text, nullable=False),
    # Bytes of the files that were measured.
    sa.Column("size", sa.BigInteger),
    sa.Column("dataset_url", sa.Text, nullable=False),
    sa.Column("dataset_digest", sa.String(71), nullable=False),
    # The program that measured, with its version.
    sa.Column("tool", sa.Text, nullable=False),
    # The name of the token or user, for the people of both publishers; its number, for who may delete it.
    sa.Column("measured_by", sa.Text, nullable=False),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("token_id", sa.BigInteger),
    sa.Column("measured_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("version_id", "publisher_id", "task", "dataset", "metric"),
    sa.Index("ix_measurements_task", "task", "dataset", "metric"),
)

derivations = sa.Table(
    "derivations",
    metadata,
    sa.Column("version_id", sa.ForeignKey("versions.id"), primary_key=True),
    # The handle of a version or model that the card names; perhaps of none that is here.
    sa.Column("origin", sa.String(255), primary_key=True, index=True),
)

# The pictures that a card refers to by a path beside it.
pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("version_id", sa.ForeignKey("versions.id"), primary_key=True),
    sa.Column("path", sa.String(700), primary_key=True),
    # Of the file, which has no metadata; its URL names it.
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("media_type", sa.String(20), nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

downloads = sa.Table(
    "downloads",
    metadata,
    sa.Column("version_id", sa.ForeignKey("versions.id"), primary_key=True),
    # Days since 1970-01-01, UTC.
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    # SHA-256 of the secret; the secret has 160 random bits, so no salt or slow hash is needed.
    sa.Column("secret_sha256", sa.String(64), nullable=False, unique=True),
    # read, publish or admin; each includes the ones before it.
    sa.Column("scope", sa.String(10), nullable=False),
    # The publisher it is for; NULL for all.
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    # Whose it is; its rights are then never more than those of the user. NULL for one that an owner made.
    sa.Column("user_id", sa.BigInteger, index=True),
    # When it was last used, to the minute.
    sa.Column("used_at", sa.BigInteger),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    # Who vouches for the identity ("" for this hub), and what it is called there.
    sa.Column("issuer", sa.String(255), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    # What the hub calls the user; name_key is the same in lower case.
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("name_key", sa.String(255), nullable=False, unique=True),
    # The scope for all publishers; NULL for most people.
    sa.Column("scope", sa.String(10)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger),
    sa.UniqueConstraint("issuer", "subject"),
)

members = sa.Table(
    "members",
    metadata,
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True, index=True),
    # reader, publisher or owner; each includes the ones before it.
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("added_at", sa.BigInteger, nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("secret_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), nullable=False, index=True),
    sa.Column("role", sa.String(10), nullable=False),
    # Whom it is for, in the words of who made it.
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)

# A key that a publisher signs versions with. It stays for good: signatures name it.
signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), nullable=False),
    # signing.keys.PublicKey: its short id, and all of it ("ed25519:…").
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("public_key", sa.String(64), nullable=False),
    # What the publisher calls it.
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("added_at", sa.BigInteger, nullable=False),
    # The name of the token that added it, or "mirror of …".
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("revoked_by", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("publisher_id", "key_id"),
)

signatures = sa.Table(
    "signatures",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("version_id", sa.ForeignKey("versions.id"), nullable=False),
    sa.Column("key_id", sa.ForeignKey("signing_keys.id"), nullable=False, index=True),
    # Of the deployment that it is about.
    sa.Column("kind", sa.String(20), nullable=False),
    # signing.envelope.Envelope, verified when it was added.
    sa.Column("envelope", sa.Text, nullable=False),
    sa.Column("added_at", sa.BigInteger, nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.UniqueConstraint("version_id", "kind", "key_id"),
)

# A program that waits until somebody signs it in with a browser (see device_logins.py).
device_logins = sa.Table(
    "device_logins",
    metadata,
    # Of the secret that the program asks with.
    sa.Column("device_sha256", sa.String(64), primary_key=True),
    # What the program shows, for the page that is opened in a browser.
    sa.Column("user_code", sa.String(20), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    # pending, granted or denied.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    # The token that was made for it; it gets a new secret when the program asks for it.
    sa.Column("token_id", sa.BigInteger),
)

# A browser that is signed in: with a token, whose rights it then has, or as a user.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("secret_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("token_id", sa.BigInteger, index=True),
    sa.Column("user_id", sa.BigInteger, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    # When it was last used, to the minute.
    sa.Column("used_at", sa.BigInteger, nullable=False),
    # The latest moment, however often it is used.
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("browser", sa.Text, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    # publish, withdraw, restore, delete, card, publisher, token.create, token.revoke, …
    sa.Column("action", sa.String(40), nullable=False),
    # A handle, a publisher's name or a token's name.
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("detail", sa.JSON, nullable=False),
)

# Who is told of events: URLs, and members by mail.
webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    # The publisher whose events it is told; NULL for those of the whole hub.
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), index=True),
    # https:… or http:…; mailto:… for a member.
    sa.Column("url", sa.Text, nullable=False),
    # The member who gets mail; NULL for a URL.
    sa.Column("user_id", sa.ForeignKey("users.id"), index=True),
    # Actions of the audit log: ["publish", "withdraw"].
    sa.Column("events", sa.JSON, nullable=False),
    # What messages are signed with: a hash of it could sign nothing. Of a mail, what ends it by a link.
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    # When the first failure was since the last success.
    sa.Column("failing_since", sa.BigInteger),
    # Since when nothing is sent, and why.
    sa.Column("off_at", sa.BigInteger),
    sa.Column("off_reason", sa.Text, nullable=False, default=""),
)

# A message on its way to a webhook (see deliveries.py).
deliveries = sa.Table(
    "deliveries",
    metadata,
    # What the receiver knows it by: the same each time it is sent.
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("webhook_id", sa.ForeignKey("webhooks.id"), nullable=False, index=True),
    # The line of the audit log that it tells of; NULL for a test.
    sa.Column("audit_id", sa.BigInteger),
    # waiting, delivered or failed.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    # Not to be sent before.
    sa.Column("due_at", sa.BigInteger, nullable=False),
    # Until then it belongs to the process that is sending it.
    sa.Column("claimed_until", sa.BigInteger, nullable=False),
    # Of the last attempt: when, the status and the beginning of the answer.
    sa.Column("tried_at", sa.BigInteger),
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Index("ix_deliveries_state_due_at", "state", "due_at"),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("token_id", sa.BigInteger, nullable=False),
    sa.Column("handle", sa.String(255), nullable=False),
    sa.Column("deployment", sa.String(20), nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    # What the client promised to send, and how much of it is in the store.
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    # The archive this upload is about to become: not an orphan while the upload lives.
    sa.Column("archive_sha256", sa.String(64)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

# What search has to look at again, in the order in which it became visible (see changes.py).
changes = sa.Table(
    "changes",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("model_id", sa.ForeignKey("models.id"), nullable=False),
    # Microseconds since 1970: with the sequence it tells this catalogue from a restored copy.
    sa.Column("at", sa.BigInteger, nullable=False),
)

# How often an address or a token may still do something (see rates.py): a bucket for each.
rate_limits = sa.Table(
    "rate_limits",
    metadata,
    # What is limited, and of whom: "requests 192.0.2.7".
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("remaining", sa.Double, nullable=False),
    # When so much was left, in seconds since 1970.
    sa.Column("at", sa.Double, nullable=False, index=True),
)
