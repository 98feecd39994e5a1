"""The operators' pages and the JSON API."""
