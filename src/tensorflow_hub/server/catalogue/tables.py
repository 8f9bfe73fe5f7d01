"""The tables of the catalogue, the same on SQLite and PostgreSQL. Times are seconds since 1970, UTC.

    publishers ─< models ─< versions ─< deployments      published models
                              │├─ cards                  the documentation, which may be corrected later
                              │├─< pictures               pictures of the card
                              │├─< measurements          results on datasets, and who measured them
                              │├─< derivations           the models it is derived from
                              └─< downloads              downloads per day
    publishers ─< members >─ users                       users and their roles
    publishers ─< invitations                            invitations to become a member
    publishers ─< signing_keys ─< signatures >─ versions signatures of versions
    tokens, sessions                                     credentials of programs and browsers
    device_logins                                        programs that wait to be signed in
    publishers ─< webhooks ─< deliveries >─ audit        messages about events
    audit, uploads, rate_limits                          audit log, uploads in progress, rate limits

A model belongs to a publisher. It is a module, a placeholder that groups deployments, or a collection
(`collection/<name>`). A version without deployments has only documentation. A version becomes visible
when the transaction that inserts its rows commits; its deployments never change.
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

# SQLite numbers rows automatically only if the primary key is of the type INTEGER.
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

publishers = sa.Table(
    "publishers",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    # The name in lower case, so that there cannot be both "Google" and "google".
    sa.Column("name_key", sa.String(100), nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("card", sa.Text, nullable=False, default=""),
    sa.Column("private", sa.Boolean, nullable=False, default=False),
    # Whether its models come from the upstream hub, and nobody has published on this hub under its name.
    sa.Column("mirrored", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    # "publisher/name"
    sa.Column("handle", sa.String(255), nullable=False, unique=True),
    # The kind of its card: module, placeholder, lite, tfjs, coral or collection.
    sa.Column("kind", sa.String(20), nullable=False),
    # Number of the latest version that is neither withdrawn nor deleted; NULL if there is none.
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
    # visible, withdrawn or deleted; and why it was withdrawn or deleted.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    # The handle of the placeholder or model that it belongs to, as its card says.
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
    # SHA-256 and size of the stored tar.gz. Its key in the store contains the SHA-256.
    sa.Column("archive_sha256", sa.String(64), nullable=False, index=True),
    sa.Column("archive_size", sa.BigInteger, nullable=False),
    # Digest of the files, independent of their compression: "sha256:…" (format.archive.index.module_digest).
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("unpacked_size", sa.BigInteger, nullable=False),
    sa.Column("file_count", sa.Integer, nullable=False),
    # format.description.ModuleDescription.to_dict()
    sa.Column("description", sa.JSON, nullable=False),
    sa.Column("published_at", sa.BigInteger, nullable=False),
    # The name of the token that published it, or "mirror of " and the URL of the upstream hub.
    sa.Column("published_by", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("version_id", "kind"),
)

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("version_id", sa.ForeignKey("versions.id"), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    # The fields of the card: {"task": ["text-embedding"], "language": ["en"], …}
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

# Not part of a version, which never changes.
measurements = sa.Table(
    "measurements",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("version_id", sa.ForeignKey("versions.id"), nullable=False),
    # The publisher who measured. Readers who may not see this publisher do not see the measurement.
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), nullable=False, index=True),
    sa.Column("task", sa.String(100), nullable=False),
    sa.Column("dataset", sa.String(200), nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("higher_is_better", sa.Boolean, nullable=False),
    # The ends of the confidence interval.
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    # How many examples of the dataset were used.
    sa.Column("examples", sa.BigInteger),
    sa.Column("examples_per_second", sa.Double),
    sa.Column("machine", sa.Text, nullable=False),
    # Size of the measured files in bytes.
    sa.Column("size", sa.BigInteger),
    sa.Column("dataset_url", sa.Text, nullable=False),
    sa.Column("dataset_digest", sa.String(71), nullable=False),
    # The program that measured, with its version.
    sa.Column("tool", sa.Text, nullable=False),
    # The name of the user or token, which members of both publishers see; and its id, which may delete it.
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
    # The handle of a version or model that the card names. This hub may not have it.
    sa.Column("origin", sa.String(255), primary_key=True, index=True),
)

# The pictures that a card refers to by a relative path.
pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("version_id", sa.ForeignKey("versions.id"), primary_key=True),
    sa.Column("path", sa.String(700), primary_key=True),
    # SHA-256 of the file, after its metadata was removed. It is in the URL of the picture.
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
    # Days since 1970-01-01 in UTC.
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    # SHA-256 of the secret. The secret has 192 random bits, so no salt or slow hash is needed.
    sa.Column("secret_sha256", sa.String(64), nullable=False, unique=True),
    # read, publish or admin; each includes the ones before it.
    sa.Column("scope", sa.String(10), nullable=False),
    # The publisher that it is valid for; NULL for all.
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    # The user that it belongs to; it never has more rights than the user. NULL for a token of a publisher.
    sa.Column("user_id", sa.BigInteger, index=True),
    # When it was last used, to the minute.
    sa.Column("used_at", sa.BigInteger),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    # The OpenID Connect issuer ("" for a local user), and the id of the user there.
    sa.Column("issuer", sa.String(255), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    # The unique name on this hub; name_key is the name in lower case.
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("name_key", sa.String(255), nullable=False, unique=True),
    # The scope for all publishers; NULL for most users.
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
    # For whom it is, as the owner who made it wrote.
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)

# A signing key of a publisher. Keys are never removed, because signatures refer to them.
signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), nullable=False),
    # The short id and the text form ("ed25519:…") of signing.keys.PublicKey.
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("public_key", sa.String(64), nullable=False),
    # A name that the publisher chose.
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
    # The kind of the signed deployment.
    sa.Column("kind", sa.String(20), nullable=False),
    # The text form of signing.envelope.Envelope, which was verified when it was added.
    sa.Column("envelope", sa.Text, nullable=False),
    sa.Column("added_at", sa.BigInteger, nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.UniqueConstraint("version_id", "kind", "key_id"),
)

# A program that waits until a user signs it in with a browser (see device_logins.py).
device_logins = sa.Table(
    "device_logins",
    metadata,
    # SHA-256 of the secret with which the program polls.
    sa.Column("device_sha256", sa.String(64), primary_key=True),
    # The code that the program shows, and that the user enters in the browser.
    sa.Column("user_code", sa.String(20), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    # pending, granted or denied.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    # The token that was made for it. The token gets a new secret when the program asks for it.
    sa.Column("token_id", sa.BigInteger),
)

# The session of a browser that is signed in with a token, or as a user.
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
    # When it ends, even if it is in use.
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

# Subscriptions to events: webhooks, and members who get mail.
webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    # The publisher whose events it gets; NULL for those of the whole hub.
    sa.Column("publisher_id", sa.ForeignKey("publishers.id"), index=True),
    # https:… or http:…; mailto:… for the mail of a member.
    sa.Column("url", sa.Text, nullable=False),
    # The member who gets mail; NULL for a URL.
    sa.Column("user_id", sa.ForeignKey("users.id"), index=True),
    # The events, which are actions of the audit log: ["publish", "withdraw"].
    sa.Column("events", sa.JSON, nullable=False),
    # The secret that messages are signed with; it is needed itself, so a hash is not enough. For mail, the
    # code in the links to confirm and to unsubscribe.
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    # The time of the first failure after the last success.
    sa.Column("failing_since", sa.BigInteger),
    # Since when it is switched off, and why.
    sa.Column("off_at", sa.BigInteger),
    sa.Column("off_reason", sa.Text, nullable=False, default=""),
)

# A message to a webhook or a member (see deliveries.py).
deliveries = sa.Table(
    "deliveries",
    metadata,
    # The id that the receiver sees, the same for each attempt.
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("webhook_id", sa.ForeignKey("webhooks.id"), nullable=False, index=True),
    # The entry of the audit log that it is about; NULL for a test.
    sa.Column("audit_id", sa.BigInteger),
    # waiting, delivered or failed.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    # When the next attempt is due.
    sa.Column("due_at", sa.BigInteger, nullable=False),
    # Until when it belongs to the process that is sending it; 0 if no process is.
    sa.Column("claimed_until", sa.BigInteger, nullable=False),
    # The last attempt: its time, the status, and the beginning of the answer.
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
    # What the client announced, and how many bytes are in the store.
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    # The archive that is being stored. It is not an orphan while the upload exists.
    sa.Column("archive_sha256", sa.String(64)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

# The models that search has to index again, in the order in which the changes became visible (see
# changes.py).
changes = sa.Table(
    "changes",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("model_id", sa.ForeignKey("models.id"), nullable=False),
    # Microseconds since 1970. With the sequence, it distinguishes this catalogue from a restored copy.
    sa.Column("at", sa.BigInteger, nullable=False),
)

# The token buckets of rate limits, one for each address or token and each limit (see rates.py).
rate_limits = sa.Table(
    "rate_limits",
    metadata,
    # What is limited, and for whom: "requests 192.0.2.7".
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("remaining", sa.Double, nullable=False),
    # When `remaining` was computed, in seconds since 1970.
    sa.Column("at", sa.Double, nullable=False, index=True),
)
