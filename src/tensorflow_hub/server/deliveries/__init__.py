"""Messages about what was done, to webhooks and by mail. Sent by threads of the server processes."""
