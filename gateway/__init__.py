"""MQTT in, the log out: every reading stored before it is acknowledged."""
