"""Defines the types of the API: request bodies, parameters and answers. Client and hub both use them."""
