"""Asterisk and FreePBX: calls followed by the manager interface (AMI), and dialled by it."""
