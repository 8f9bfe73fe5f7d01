"""HTTP as hubs need it: sessions, proxies, tokens, retries."""
