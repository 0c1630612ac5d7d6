"""A client for ITFlow's REST API v1: its wire, its rows, its server."""
