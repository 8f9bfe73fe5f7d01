"""Every URL of the hub. The first route that fits answers.

A form of the pages is declared in `FORMS`, with the types of its fields in `api/forms.py`.
An endpoint of the API is declared here and nowhere else: its checks and limits, the OpenAPI description, the
page `/help/api` and docs/api.md are made from this table and from the types of the handler's arguments.
"""

from __future__ import annotations

from starlette.convertors import CONVERTOR_TYPES, IntegerConvertor
from starlette.routing import BaseRoute, Route

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
    """A number in a path, as the database has them. Starlette's takes more digits than Python can read."""

    regex = "[0-9]{1,18}"


CONVERTOR_TYPES["int"] = _Number()

READ = ["GET", "HEAD"]
EVERY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

_OWNER_BY_HANDLE = Rights(ADMIN, of_handle)
_OWNER_BY_PATH = Rights(ADMIN, in_path)
# Other callers are told that there is no such upload.
_OF_UPLOAD = Rights(also="scope publish for the publisher of the upload")
_OF_MAIL = Rights(also="of the user who gets the mail")
# Other callers are told that there is no such webhook.
_OF_WEBHOOK = Rights(also="scope admin for its publisher, or for all publishers")

WHAT_IS_THERE = (
    Endpoint(
        "GET",
        "/api/v1/search",
        search.show_search,
        "models that match words and filters, best first, with counts of the facets",
        {200: "What was found"},
    ),
    Endpoint(
        "GET",
        "/api/v1/similar/{handle:path}",
        search.show_similar,
        "models that are like one",
        {200: "What was found"},
    ),
    Endpoint(
        "GET",
        "/api/v1/downloads/{handle:path}",
        search.show_downloads,
        "downloads of a model by day, of the last year",
        {200: "Days with downloads"},
    ),
    Endpoint(
        "GET",
        "/api/v1/models/{handle:path}",
        versions.show_model,
        "a model with its versions, or a version with its card, signatures and downloads",
        {200: "What the hub knows of it"},
    ),
    Endpoint(
        "GET",
        "/api/v1/files/{handle:path}",
        inside.list_files,
        "the files of a version, with sizes and digests",
        {200: "A page of them"},
    ),
    Endpoint(
        "GET",
        "/api/v1/texts/{handle:path}",
        inside.show_text,
        "a part of a text file of a version, at most 64 KiB",
        {200: "The part"},
    ),
    Endpoint(
        "GET",
        "/api/v1/variables/{handle:path}",
        inside.list_variables,
        "the variables of a version by name, type, shape and size",
        {200: "A page of them"},
    ),
    Endpoint(
        "GET",
        "/api/v1/graphs/{handle:path}",
        inside.show_graph,
        "the ops of a version by count, and its signatures with their layers",
        {200: "Of a SavedModel; of other kinds nothing"},
    ),
    Endpoint(
        "GET",
        "/api/v1/differences/{handle:path}",
        inside.show_differences,
        "what changed in a version: card, signatures, variables, ops, files",
        {200: "What changed"},
    ),
    Endpoint(
        "GET",
        "/api/v1/measured",
        measured.list_measured,
        "the datasets that models were measured on; with `dataset`, the models and figures, best first",
        {200: "What was measured"},
    ),
    Endpoint(
        "GET",
        "/api/v1/signatures/{handle:path}",
        signatures.show_signatures,
        "who signed a version, with the signed statements",
        {200: "The signatures"},
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers",
        publishers.list_publishers,
        "the publishers",
        {200: "All that may be seen"},
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers/{publisher}",
        publishers.show_publisher,
        "a publisher and its models",
        {200: "What the hub knows of it"},
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers/{publisher}/keys",
        signatures.show_keys,
        "the keys that a publisher signs versions with, revoked ones too",
        {200: "The keys"},
    ),
)

_PREDICTED = {200: "What the model gives"}

# The paths of TensorFlow Serving stand first: a handle has slashes, and would take them for its own.
PREDICTING = (
    Endpoint(
        "POST",
        "/v1/models/{handle:path}/versions/{version:int}:predict",
        predictions.predict_version,
        "the same for a version, at the path of TensorFlow Serving",
        _PREDICTED,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/v1/models/{handle:path}:predict",
        predictions.predict,
        "the same for the newest version, at the path of TensorFlow Serving",
        _PREDICTED,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "POST",
        "/{handle:path}:predict",
        predictions.predict,
        'runs a model, where the hub does that: `{"instances": ["a cat", "a dog"]}` → `{"predictions": […]}`',
        _PREDICTED,
        limits=(PREDICTIONS,),
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}/versions/{version:int}/metadata",
        predictions.show_version_metadata,
        "what a version takes and gives, as TensorFlow Serving tells it",
        {200: "Its signatures"},
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}/metadata",
        predictions.show_metadata,
        "the same for the newest version",
        {200: "Its signatures"},
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}/versions/{version:int}",
        predictions.show_version_status,
        "whether the hub runs a version, as TensorFlow Serving tells it",
        {200: "It does"},
        errors=SERVING_ERRORS,
    ),
    Endpoint(
        "GET",
        "/v1/models/{handle:path}",
        predictions.show_status,
        "the same for the newest version",
        {200: "It does"},
        errors=SERVING_ERRORS,
    ),
)

PUBLISHING = (
    Endpoint(
        "POST",
        "/api/v1/uploads",
        uploads.start_upload,
        "begins an upload, or goes on with one of the same bytes (`received` says from where). With the "
        "content's `digest`, says at once when it is published already or the version has other content",
        {200: "Resumed, or published already", 201: "Begun"},
        Rights(PUBLISH, of_handle),
        (UPLOADS,),
    ),
    Endpoint(
        "GET",
        "/api/v1/uploads/{upload}",
        uploads.show_upload,
        "how much came; `HEAD` has it in `Upload-Offset`",
        {200: "Its state"},
        _OF_UPLOAD,
    ),
    Endpoint(
        "PATCH",
        "/api/v1/uploads/{upload}",
        uploads.continue_upload,
        "takes bytes from `Upload-Offset` on, of any length; what came before a break stays",
        {204: "They are kept; the header Upload-Offset says up to where"},
        _OF_UPLOAD,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/uploads/{upload}",
        uploads.cancel_upload,
        "gives it up; unfinished ones expire after a day",
        {204: "Gone"},
        _OF_UPLOAD,
    ),
    Endpoint(
        "POST",
        "/api/v1/uploads/{upload}/publish",
        publish_upload.publish_upload,
        "checks all of it and makes it visible",
        {200: "The same content was published before", 201: "Published"},
        _OF_UPLOAD,
        largest_body=LARGEST_SENT_INDEX,
    ),
    Endpoint(
        "PUT",
        "/api/v1/cards",
        cards.put_card,
        "corrects a card, or adds a placeholder or collection",
        {200: "Changed", 201: "Added"},
        Rights(PUBLISH, of_handle),
    ),
    Endpoint(
        "PUT",
        "/api/v1/measurements",
        measurements.put_measurement,
        "attaches what was measured to a version, in the place of what the same publisher had measured for "
        "the same task, dataset and metric",
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
        "takes away what was measured",
        {204: "Gone"},
        Rights(
            also="who attached it, or scope admin for the publisher of the model or the one that measured"
        ),
    ),
    Endpoint(
        "PUT",
        "/api/v1/pictures/{handle:path}",
        pictures.put_picture,
        "adds or replaces a picture that the version's card refers to: a PNG, JPEG, GIF or WebP of at most "
        "512 KiB, as the body",
        {200: "Replaced", 201: "Added"},
        Rights(PUBLISH, of_handle_in_path),
    ),
    Endpoint(
        "POST",
        "/api/v1/signatures",
        signatures.add_signature,
        "keeps a signature of a version, by a key of its publisher; of one key and deployment the first one",
        {200: "The key signed it before", 201: "Kept"},
        Rights(PUBLISH, of_handle),
        (UPLOADS,),
    ),
    Endpoint(
        "POST",
        "/api/v1/withdrawals",
        version_states.withdraw_version,
        "withdraws a version",
        {200: "Done"},
        _OWNER_BY_HANDLE,
    ),
    Endpoint(
        "POST",
        "/api/v1/restorations",
        version_states.restore_version,
        "takes a withdrawal back",
        {200: "Done"},
        _OWNER_BY_HANDLE,
    ),
    Endpoint(
        "POST",
        "/api/v1/deletions",
        version_states.delete_version,
        "deletes a version for good, leaving the reason",
        {200: "Done"},
        Rights(ADMIN),
    ),
)

PEOPLE_AND_RIGHTS = (
    Endpoint(
        "PATCH",
        "/api/v1/publishers/{publisher}",
        publishers.change_publisher,
        "sets title, description, card, privacy; adds a publisher that is new",
        {200: "Changed", 201: "Added"},
        Rights(ADMIN, in_path, also="to add one, scope admin for all publishers"),
    ),
    Endpoint(
        "GET",
        "/api/v1/publishers/{publisher}/members",
        members.list_all,
        "the members of a publisher and their roles, and the invitations that are open",
        {200: "The members"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "PATCH",
        "/api/v1/publishers/{publisher}/members/{user:int}",
        members.change_role,
        "gives a member another role: reader, publisher or owner",
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
        "makes an invitation for a role, good once and for a week; its `url` is in the answer only",
        {201: "With its URL"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/publishers/{publisher}/invitations/{invitation:int}",
        members.withdraw_invitation,
        "takes an invitation back",
        {204: "Taken back"},
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
        "revokes a key: nothing that it signed is trusted from now on",
        {204: "Revoked"},
        _OWNER_BY_PATH,
    ),
    Endpoint(
        "GET",
        "/api/v1/tokens",
        tokens.list_tokens,
        "tokens without their secrets",
        {200: "The tokens"},
        Rights(ADMIN, own_or_asked),
    ),
    Endpoint(
        "POST",
        "/api/v1/tokens",
        tokens.create_token,
        'makes a token, for example `{"name": "ci", "scope": "publish", "publisher": "acme", '
        '"days": 90}`; its `secret` is in the answer only',
        {201: "With its secret"},
        Rights(ADMIN, in_body),
    ),
    Endpoint(
        "GET",
        "/api/v1/tokens/self",
        tokens.show_own_token,
        "what the token in use may do",
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
        "begins to sign a program in (RFC 8628): a person who is signed in allows it on the page `/device`",
        {201: "Show the code, and ask for the token"},
        limits=(PROGRAMS,),
        for_strangers=True,
    ),
    Endpoint(
        "POST",
        "/api/v1/device-tokens",
        device_logins.take_token,
        "asks whether a program is signed in; its token is in the answer, once",
        {200: "Granted, denied, or not yet"},
        for_strangers=True,
    ),
    Endpoint(
        "GET",
        "/api/v1/audit",
        audit.show_audit,
        "who did what, newest first",
        {200: "The lines"},
        Rights(ADMIN, own_or_asked),
    ),
)

WEBHOOKS = (
    Endpoint(
        "GET",
        "/api/v1/webhooks",
        webhooks.list_webhooks,
        "the webhooks of a publisher, without it those of the whole hub",
        {200: "The webhooks"},
        Rights(ADMIN, own_or_asked),
    ),
    Endpoint(
        "POST",
        "/api/v1/webhooks",
        webhooks.create_webhook,
        'makes a webhook, for example `{"url": "https://ci.example.com/models", "events": ["publish"], '
        '"publisher": "acme"}`; its `secret` is in the answer only',
        {201: "With its secret"},
        Rights(ADMIN, in_body),
    ),
    Endpoint(
        "PATCH",
        "/api/v1/webhooks/{webhook:int}",
        webhooks.change_webhook,
        "chooses other events, or switches a webhook on or off",
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
        "the last messages of a webhook, with what the receiver answered",
        {200: "The messages"},
        _OF_WEBHOOK,
    ),
    Endpoint(
        "POST",
        "/api/v1/webhooks/{webhook:int}/tests",
        webhooks.send_test,
        "sends a message of the type `test`",
        {202: "It will be sent"},
        _OF_WEBHOOK,
    ),
    Endpoint(
        "POST",
        "/api/v1/webhooks/{webhook:int}/deliveries/{delivery}/again",
        webhooks.send_again,
        "sends a message once more, under the same id",
        {202: "It will be sent"},
        _OF_WEBHOOK,
    ),
)

MAIL = (
    Endpoint(
        "GET", "/api/v1/mail", mail.list_mail, "the mail that the user gets", {200: "The mail"}, Rights()
    ),
    Endpoint(
        "PATCH",
        "/api/v1/mail/{publisher}",
        mail.change_mail,
        'chooses the events to get mail about, for example `{"events": ["withdraw", "delete"]}`',
        {200: "Changed"},
        _OF_MAIL,
    ),
    Endpoint(
        "DELETE",
        "/api/v1/mail/{publisher}",
        mail.end_mail,
        "sends no mail about a publisher any more",
        {204: "Ended"},
        _OF_MAIL,
    ),
)

API = (*WHAT_IS_THERE, *PREDICTING, *PUBLISHING, *PEOPLE_AND_RIGHTS, *WEBHOOKS, *MAIL)

# Forms that pages send; programs use the API.
FORMS = (
    Form("/login", sign_in.sign_in, for_all=True),
    Form("/{handle:path}:try", try_pages.run, for_all=True, has_files=True),
    Form("/logout", sign_in.sign_out, for_all=True),
    Form("/device", device_logins.answer_device),
    Form("/settings/sessions/{session:int}/end", account.end_own_session),
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
    Form("/settings/webhooks/{webhook:int}/test", webhook_pages.send_test),
    Form("/settings/webhooks/{webhook:int}/deliveries/{delivery}/again", webhook_pages.send_again),
)

# Asked for by machines, often: no limit of requests counts them.
RUNNING: tuple[Route, ...] = (
    Route("/healthz", health.show_health),
    Route("/readyz", health.show_readiness),
    Route("/metrics", metrics.show_metrics),
)

ROUTES: list[BaseRoute] = [
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
    Route("/settings/publishers/{publisher}/audit", member_pages.show_audit),
    Route("/settings/publishers/{publisher}/webhooks", webhook_pages.show_webhooks),
    Route("/settings/mail", mail_pages.show_mail),
    Route("/settings/mail/confirm", mail_pages.show_confirmation),
    Route("/settings/mail/stop", mail_pages.show_stop),
    # Of the programs of mail services, which have no cookie (RFC 8058): the code is the proof.
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
