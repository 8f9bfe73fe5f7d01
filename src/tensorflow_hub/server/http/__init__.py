"""HTTP requests and answers: middleware, compression, uploads, objects of the store."""
