"""What client and hub say to each other: the bodies, parameters and answers of the API, as types."""
