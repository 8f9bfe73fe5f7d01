"""How bytes come in and go out: request middleware, compression, uploads' bodies, objects of the store."""
