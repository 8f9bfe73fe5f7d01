"""Messages about what was done: webhooks. Sent by threads of the server processes."""
