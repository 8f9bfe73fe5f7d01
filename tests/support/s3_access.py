"""How tests reach an S3 server of their own on loopback."""

from __future__ import annotations

ACCESS_KEY, SECRET_KEY, BUCKET = "hub", "hubsecret", "modules"


def s3_environment(port: int) -> dict[str, str]:
    """What an S3 client needs to know."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "us-east-1",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
    }
