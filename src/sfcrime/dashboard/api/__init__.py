"""The API's paths: parameters in, answers out, as JSON or CSV."""
