"""The mirror of ITFlow that every answer is read from."""
