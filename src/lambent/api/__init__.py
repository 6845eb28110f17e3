"""The AWS-facing surface: requests of the Lambda API in, replies out (driving adapter)."""
