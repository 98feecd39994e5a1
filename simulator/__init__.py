"""Homes that live, recordings replayed, devices for installers."""
