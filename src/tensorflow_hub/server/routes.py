"""Lists every URL of the hub. The first route that matches answers a request.

A form of the pages is declared in `FORMS`, with the types of its fields in `api/forms.py`.
Endpoints of the API are declared only here: the checks and limits, the OpenAPI description, the page
`/help/api` and docs/api.md are generated from this table and from the types of the handler's arguments.
"""

from __future__ import annotations

from starlette.convertors import CONVERTOR_TYPES, IntegerConvertor
from starlette.routing import Route

from tensorflow_hub.format.archive.index import LARGEST_SENT_INDEX
from tensorflow_hub.server.catalogue.tokens import ADMIN, PUBLISH
from tensorflow_hub.server.core.endpoint import Endpoint, Rights
from tensorflow_hub.server.core.form import Form
from tensorflow_hub.server.core.limits import MEASUREMENTS, PREDICTIONS, PROGRAMS, UPLOADS
from tensorflow_hub.server.core.problems import SERVING_ERRORS
from tensorflow_hub.server.endpoints import (
    account,
    audit,
    cards,
    crawlers,
    device_logins,
    handle,
    health,
    inside,
    mail,
    mail_pages,
    measured,
    measurement_pages,
    measurements,
    member_pages,
    members,
    metrics,
    my_tokens,
    openapi,
    pictures,
    predictions,
    profile_pages,
    publish_upload,
    publishers,
    search,
    sign_in,
    signatures,
    single_sign_on,
    static_files,
    tokens,
    try_pages,
    uploads,
    version_states,
    versions,
    web_pages,
    webhook_pages,
    webhooks,
)
from tensorflow_hub.server.endpoints.publisher_of import (
    in_body,
    in_path,
    of_handle,
    of_handle_in_path,
    own_or_asked,
    who_measured,
)


class _Number(IntegerConvertor):
    """Matches a database id. Starlette's converter matches more digits than Python can read."""

    regex = "[0-9]{1,18}"


CONVERTOR_TYPES["int"] = _Number()

READ = ["GET", "HEAD"]
EVERY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

_OWNER_BY_HANDLE = Rights(ADMIN, of_handle)
_OWNER_BY_PATH = Rights(ADMIN, in_path)
# Other callers get status 404, as if the upload did not exist.
_OF_UPLOAD = Rights(also="scope publish for the publisher of the upload")
_OF_MAIL = Rights(also="by the user who gets the mail")
# Other callers get status 404, as if the webhook did not exist.
_OF_WEBHOOK = Rights(also="scope admin for its publisher, or for all publishers")

READING = (
    Endpoint(
        "GET",
        "/api/v1/search",
        search.show_search,
        "searches models by words and filters; returns the best matches first, with counts of the facets",
        {200: "The models found"},
    ),
    Endpoint(
        "GET",
        "/api/v1/similar/{handle:path}",
        search.show_similar,
        "returns models that are similar to a model",
        {200: "The models found"},
    ),
    Endpoint(
        "GET",
        "/api/v1/downloads/{handle:path}",
        search.show_downloads,
        "returns the downloads of a model in the last year, by day",
        {200: "Days with downloads"},
    ),
    Endpoint(
        "GET",
        "/api/v1/models/{handle:path}",
        versions.show_model,
        "returns a model with its versions, or a version with its card, signatures and downloads",
        {200: "The model or version"},
    ),
    Endpoint(
        "GET",
        "/api/v1/files/{handle:path}",
        inside.list_files,
        "lists the files of a version, with sizes and digests",
        {200: "A page of the list"},
    ),
    Endpoint(
        "GET",
        "/api/v1/texts/{handle:path}",
        inside.show_text,
        "returns a part of a text file of a version, at most 64 KiB",
        {200: "The part"},
    ),
    Endpoint(
        "GET",
        "/api/v1/variables/{handle:path}",
        inside.list_variables,
        "lists the variables of a version by name, type, shape and size",
        {200: "A page of the list"},
    ),
    Endpoint(
        "GET",
        "/api/v1/graphs/{handle:path}",
        inside.show_graph,
        "counts the ops of a version by type, and lists its signatures with their layers",
        {200: "The graph of a SavedModel; empty for other kinds"},
    ),
    Endpoint(
        "GET",
        "/api/v1/differences/{handle:path}",
        inside.show_differences,
        "compares a version with another one: card, signatures, variables, ops, files",
        {200: "The differences"},
    ),
    Endpoint(
        "GET",
        "/api/v1/measured",
        measured.list_measured,
        "lists the datasets with measurements; with `dataset`, the models and their figures, best first",
        {200: "The datasets, or the measurements"},
    ),
    Endpoint(
        "GET",
        "/api/v1/signatures/{handle:path}",
        signatures.show_signatures,
        "returns the signatures of a version: the keys and the signed statements",
        {200: "The signatures"},
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers",
        publishers.list_publishers,
        "lists the publishers",
        {200: "The publishers that the caller may see"},
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers/{publisher}",
        publishers.show_publisher,
        "returns a publisher and its models",
        {200: "The publisher"},
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers/{publisher}/keys",
        signatures.show_keys,
        "lists the keys with which a publisher signs versions, revoked keys too",
        {200: "The keys"},
    ),
)

_PREDICTED = {200: "The predictions"}
_RESULTS = {200: "The results"}

# The paths of TensorFlow Serving come first: a handle may contain slashes, so its route matches them too.
PREDICTING = (
    Endpoint(
        "POST",
        "/v1/models/{handle:path}/versions/{version:int}:predict",
        predictions.predict_version,
        "runs a version, at the path that TensorFlow Serving uses",
        _PREDICTED,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/v1/models/{handle:path}:predict",
        predictions.predict,
        "runs the newest version, at the path that TensorFlow Serving uses",
        _PREDICTED,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/{handle:path}:predict",
        predictions.predict,
        "runs a model, if predictions are enabled on the hub: "
        '`{"instances": ["a cat", "a dog"]}` → `{"predictions": […]}`',
        _PREDICTED,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/v1/models/{handle:path}/versions/{version:int}:classify",
        predictions.classify_version,
        "returns labels with scores for examples, by a version with such a signature",
        _RESULTS,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/v1/models/{handle:path}:classify",
        predictions.classify,
        "returns labels with scores for examples, by the newest version",
        _RESULTS,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/v1/models/{handle:path}/versions/{version:int}:regress",
        predictions.regress_version,
        "returns a number for each example, by a version with such a signature",
        _RESULTS,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/v1/models/{handle:path}:regress",
        predictions.regress,
        "returns a number for each example, by the newest version",
        _RESULTS,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}/versions/{version:int}/metadata",
        predictions.show_version_metadata,
        "returns the inputs and outputs of a version, in the format of TensorFlow Serving",
        {200: "Its signatures"},
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}/metadata",
        predictions.show_metadata,
        "returns the inputs and outputs of the newest version, in the format of TensorFlow Serving",
        {200: "Its signatures"},
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}/versions/{version:int}",
        predictions.show_version_status,
        "returns whether the hub can run a version, in the format of TensorFlow Serving",
        {200: "The version is available"},
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}",
        predictions.show_status,
        "lists the versions that the hub can run, in the format of TensorFlow Serving",
        {200: "The versions"},
        errors=SERVING_ERRORS,
    ),
)

PUBLISHING = (
    Endpoint(
        "POST",
        "/api/v1/uploads",
        uploads.start_upload,
        "starts an upload, or resumes one of the same bytes at `received`. With the content's `digest`, "
        "answers at once if the same content is published already, or if the version has other content",
        {200: "Resumed, or published already", 201: "Started"},
        Rights(PUBLISH, of_handle),
        (UPLOADS,),
    ),
    Endpoint(
        "GET",
        "/api/v1/uploads/{upload}",
        uploads.show_upload,
        "returns how many bytes have arrived; `HEAD` returns it in `Upload-Offset`",
        {200: "The state of the upload"},
        _OF_UPLOAD,
    ),
    Endpoint(
        "PATCH",
        "/api/v1/uploads/{upload}",
        uploads.continue_upload,
        "appends any number of bytes at `Upload-Offset`; after a broken connection, the bytes that arrived "
        "are kept",
        {204: "Stored; the header Upload-Offset has the new offset"},
        _OF_UPLOAD,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/uploads/{upload}",
        uploads.cancel_upload,
        "cancels an upload; unfinished uploads expire after a day",
        {204: "Cancelled"},
        _OF_UPLOAD,
    ),
    Endpoint(
        "POST",
        "/api/v1/uploads/{upload}/publish",
        publish_upload.publish_upload,
        "checks the whole upload and publishes the version",
        {200: "The same content was published before", 201: "Published"},
        _OF_UPLOAD,
        largest_body=LARGEST_SENT_INDEX,
    ),
    Endpoint(
        "PUT",
        "/api/v1/cards",
        cards.put_card,
        "replaces a card, or adds a placeholder or collection",
        {200: "Changed", 201: "Added"},
        Rights(PUBLISH, of_handle),
    ),
    Endpoint(
        "PUT",
        "/api/v1/measurements",
        measurements.put_measurement,
        "adds a measurement to a version, or replaces the one with the same publisher, task, dataset "
        "and metric",
        {200: "Changed", 201: "Added"},
        Rights(
            PUBLISH,
            who_measured,
            also="for models of others, only where `TFHUB_SERVER_MEASUREMENTS_OF_OTHERS` allows it",
        ),
        (MEASUREMENTS,),
    ),
    Endpoint(
        "DELETE",
        "/api/v1/measurements/{measurement:int}",
        measurements.delete_measurement,
        "deletes a measurement",
        {204: "Deleted"},
        Rights(
            also="by its author, or with scope admin for the publisher of the model or of the measurement"
        ),
    ),
    Endpoint(
        "PUT",
        "/api/v1/pictures/{handle:path}",
        pictures.put_picture,
        "adds or replaces a picture that the version's card refers to; the body is a PNG, JPEG, GIF or WebP "
        "file of at most 512 KiB",
        {200: "Replaced", 201: "Added"},
        Rights(PUBLISH, of_handle_in_path),
    ),
    Endpoint(
        "POST",
        "/api/v1/signatures",
        signatures.add_signature,
        "adds a signature of a version, made with a key of its publisher; of each key and deployment only "
        "the first signature is stored",
        {200: "A signature with this key is stored already", 201: "Added"},
        Rights(PUBLISH, of_handle),
        (UPLOADS,),
    ),
    Endpoint(
        "POST",
        "/api/v1/withdrawals",
        version_states.withdraw_version,
        "withdraws a version",
        {200: "Withdrawn"},
        _OWNER_BY_HANDLE,
    ),
    Endpoint(
        "POST",
        "/api/v1/restorations",
        version_states.restore_version,
        "cancels a withdrawal",
        {200: "Restored"},
        _OWNER_BY_HANDLE,
    ),
    Endpoint(
        "POST",
        "/api/v1/deletions",
        version_states.delete_version,
        "deletes a version permanently; the reason remains visible",
        {200: "Deleted"},
        Rights(ADMIN),
    ),
)

PEOPLE_AND_RIGHTS = (
    Endpoint(
        "PATCH",
        "/api/v1/publishers/{publisher}",
        publishers.change_publisher,
        "sets the title, description, card and privacy of a publisher; adds the publisher if it is new",
        {200: "Changed", 201: "Added"},
        Rights(ADMIN, in_path, also="to add one, scope admin for all publishers"),
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers/{publisher}/members",
        members.list_all,
        "lists the members of a publisher with their roles, and the open invitations",
        {200: "The members"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "PATCH",
        "/api/v1/publishers/{publisher}/members/{user:int}",
        members.change_role,
        "changes the role of a member: reader, publisher or owner",
        {200: "Changed"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/publishers/{publisher}/members/{user:int}",
        members.remove,
        "removes a member",
        {204: "Removed"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "POST",
        "/api/v1/publishers/{publisher}/invitations",
        members.invite,
        "creates an invitation for a role, which works once and for a week; its `url` is only in this answer",
        {201: "Created; the answer has the URL"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/publishers/{publisher}/invitations/{invitation:int}",
        members.withdraw_invitation,
        "cancels an invitation",
        {204: "Cancelled"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "POST",
        "/api/v1/publishers/{publisher}/keys",
        signatures.add_key,
        'adds a public key that the publisher signs with: `{"public_key": "ed25519:…", "name": "release"}`',
        {201: "Added"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/publishers/{publisher}/keys/{key}",
        signatures.revoke_key,
        "revokes a key: its signatures are no longer trusted",
        {204: "Revoked"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "GET",
        "/api/v1/tokens",
        tokens.list_tokens,
        "lists tokens, without their secrets",
        {200: "The tokens"},
        Rights(ADMIN, own_or_asked),
    ),
    Endpoint(
        "POST",
        "/api/v1/tokens",
        tokens.create_token,
        'creates a token, for example `{"name": "ci", "scope": "publish", "publisher": "acme", '
        '"days": 90}`; its `secret` is only in this answer',
        {201: "Created; the answer has the secret"},
        Rights(ADMIN, in_body),
    ),
    Endpoint(
        "GET",
        "/api/v1/tokens/self",
        tokens.show_own_token,
        "returns the rights of the token in use",
        {200: "The token"},
        Rights(),
    ),
    Endpoint(
        "DELETE",
        "/api/v1/tokens/{token:int}",
        tokens.revoke_token,
        "revokes a token",
        {204: "Revoked"},
        Rights(also="for another one, scope admin for its publisher"),
    ),
    Endpoint(
        "POST",
        "/api/v1/device-logins",
        device_logins.start_login,
        "starts the sign-in of a program (RFC 8628), which a signed-in person approves on the page `/device`",
        {201: "The code to show, and the code with which to poll for the token"},
        limits=(PROGRAMS,),
        ignores_token=True,
    ),
    Endpoint(
        "POST",
        "/api/v1/device-tokens",
        device_logins.take_token,
        "returns whether the sign-in of a program was approved; the token is in the answer once",
        {200: "Granted, denied, or pending"},
        ignores_token=True,
    ),
    Endpoint(
        "GET",
        "/api/v1/audit",
        audit.show_audit,
        "returns the audit log, newest entries first",
        {200: "The entries"},
        Rights(ADMIN, own_or_asked),
    ),
)

WEBHOOKS = (
    Endpoint(
        "GET",
        "/api/v1/webhooks",
        webhooks.list_webhooks,
        "lists the webhooks of `publisher`, or without it those of the whole hub",
        {200: "The webhooks"},
        Rights(ADMIN, own_or_asked),
    ),
    Endpoint(
        "POST",
        "/api/v1/webhooks",
        webhooks.create_webhook,
        'creates a webhook, for example `{"url": "https://ci.example.com/models", "events": ["publish"], '
        '"publisher": "acme"}`; its `secret` is only in this answer',
        {201: "Created; the answer has the secret"},
        Rights(ADMIN, in_body),
    ),
    Endpoint(
        "PATCH",
        "/api/v1/webhooks/{webhook:int}",
        webhooks.change_webhook,
        "changes the events of a webhook, or switches it on or off",
        {200: "Changed"},
        _OF_WEBHOOK,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/webhooks/{webhook:int}",
        webhooks.remove_webhook,
        "removes a webhook and its log",
        {204: "Removed"},
        _OF_WEBHOOK,
    ),
    Endpoint(
        "GET",
        "/api/v1/webhooks/{webhook:int}/deliveries",
        webhooks.show_log,
        "lists the last messages of a webhook, with the receiver's answers",
        {200: "The messages"},
        _OF_WEBHOOK,
    ),
    Endpoint(
        "POST",
        "/api/v1/webhooks/{webhook:int}/tests",
        webhooks.send_test,
        "sends a message of the type `test`",
        {202: "The message is queued"},
        _OF_WEBHOOK,
    ),
    Endpoint(
        "POST",
        "/api/v1/webhooks/{webhook:int}/deliveries/{delivery}/again",
        webhooks.send_again,
        "sends a message again, with the same id",
        {202: "The message is queued"},
        _OF_WEBHOOK,
    ),
)

MAIL = (
    Endpoint(
        "GET",
        "/api/v1/mail",
        mail.list_mail,
        "lists the events about which the user gets mail, by publisher",
        {200: "The subscriptions"},
        Rights(),
    ),
    Endpoint(
        "PATCH",
        "/api/v1/mail/{publisher}",
        mail.change_mail,
        'sets the events about which the user gets mail, for example `{"events": ["withdraw", "delete"]}`',
        {200: "Changed"},
        _OF_MAIL,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/mail/{publisher}",
        mail.end_mail,
        "unsubscribes from mail about a publisher",
        {204: "Unsubscribed"},
        _OF_MAIL,
    ),
)

API = (*READING, *PREDICTING, *PUBLISHING, *PEOPLE_AND_RIGHTS, *WEBHOOKS, *MAIL)

# The forms of the pages. Programs use the API instead.
FORMS = (
    Form("/login", sign_in.sign_in, for_all=True),
    Form("/{handle:path}:try", try_pages.run, for_all=True, has_files=True),
    Form("/logout", sign_in.sign_out, for_all=True),
    Form("/device", device_logins.answer_device),
    Form("/settings/sessions/{session:int}/end", account.end_own_session),
    Form("/settings/publishers/{publisher}/profile", profile_pages.change_profile),
    Form("/settings/publishers/{publisher}/invitations", member_pages.invite),
    Form(
        "/settings/publishers/{publisher}/invitations/{invitation:int}/withdraw",
        member_pages.withdraw_invitation,
    ),
    Form("/settings/publishers/{publisher}/members/{user:int}", member_pages.change_member),
    Form("/settings/join", member_pages.join, for_all=True),
    Form("/settings/tokens", my_tokens.create_token),
    Form("/settings/tokens/{token:int}/revoke", my_tokens.revoke_token),
    Form("/settings/mail", mail_pages.subscribe),
    Form("/settings/mail/off", mail_pages.unsubscribe),
    Form("/settings/mail/confirm", mail_pages.confirm, for_all=True),
    Form("/settings/measurements/{measurement:int}", measurement_pages.change_measurement),
    Form("/settings/measurements/{measurement:int}/remove", measurement_pages.remove_measurement),
    Form("/settings/webhooks", webhook_pages.create_webhook),
    Form("/settings/webhooks/{webhook:int}", webhook_pages.switch_webhook),
    Form("/settings/webhooks/{webhook:int}/events", webhook_pages.change_events),
    Form("/settings/webhooks/{webhook:int}/test", webhook_pages.send_test),
    Form("/settings/webhooks/{webhook:int}/deliveries/{delivery}/again", webhook_pages.send_again),
)

# Monitoring programs send these requests often, so they do not count for the rate limit.
RUNNING: tuple[Route, ...] = (
    Route("/healthz", health.show_health),
    Route("/readyz", health.show_readiness),
    Route("/metrics", metrics.show_metrics),
)

ROUTES: list[Route] = [
    *RUNNING,
    *(endpoint.route() for endpoint in API),
    Route("/api/v1/openapi.json", openapi.show_openapi),
    Route("/api/{path:path}", versions.show_nothing, methods=EVERY),
    # pages
    Route("/", web_pages.show_home),
    Route("/s", web_pages.show_search),
    Route("/s/measured", measured.show_measured),
    Route("/login", sign_in.show_sign_in),
    Route("/device", device_logins.show_device),
    Route("/login/start", single_sign_on.start),
    Route("/login/end", single_sign_on.end),
    Route("/settings", account.show_account),
    Route("/settings/publishers/{publisher}", member_pages.show_members),
    Route("/settings/publishers/{publisher}/profile", profile_pages.show_profile),
    Route("/settings/publishers/{publisher}/audit", member_pages.show_audit),
    Route("/settings/publishers/{publisher}/webhooks", webhook_pages.show_webhooks),
    Route("/settings/mail", mail_pages.show_mail),
    Route("/settings/mail/confirm", mail_pages.show_confirmation),
    Route("/settings/mail/stop", mail_pages.show_stop),
    # Sent by mail services, which have no cookie (RFC 8058): the code in the URL proves the right.
    Route("/settings/mail/stop", mail_pages.stop, methods=["POST"]),
    Route("/settings/measurements", measurement_pages.show_measurements),
    Route("/settings/measurements/{measurement:int}", measurement_pages.show_measurement),
    Route("/settings/webhooks", webhook_pages.show_webhooks),
    Route("/settings/webhooks/{webhook:int}", webhook_pages.show_webhook),
    Route("/settings/join", member_pages.show_invitation),
    Route("/settings/tokens", my_tokens.show_tokens),
    Route("/{handle:path}:try", try_pages.show_form),
    *(form.route() for form in FORMS),
    Route("/help", web_pages.show_help),
    Route("/help/api", web_pages.show_api_help),
    Route("/static/{name}", static_files.show_static),
    Route("/favicon.ico", static_files.show_icon),
    Route("/robots.txt", crawlers.show_robots),
    Route("/sitemap.xml", crawlers.show_sitemap),
    # /<publisher>, /<publisher>/<model…>, /<publisher>/<model…>/<version>: pages and downloads
    Route("/{path:path}", handle.show_handle, methods=READ),
    Route("/{path:path}", handle.allow_scripts, methods=["OPTIONS"]),
]
