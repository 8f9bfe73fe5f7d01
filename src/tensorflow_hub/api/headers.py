"""The names of HTTP headers that client and hub share."""

from __future__ import annotations

# The offset in an upload at which a body starts, or up to which the hub has the bytes.
UPLOAD_OFFSET = "Upload-Offset"
# The size of the whole upload in bytes.
UPLOAD_LENGTH = "Upload-Length"
