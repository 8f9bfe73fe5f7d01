"""HTTP requests to hubs and other servers: sessions, credentials, retries, errors."""
