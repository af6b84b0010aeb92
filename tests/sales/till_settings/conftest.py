"""The API on a real database; see tests/plugins/api_fixtures.py."""

from api_fixtures import admin_secret, api, chain, open_api, rest_app

__all__ = ["admin_secret", "api", "chain", "open_api", "rest_app"]
