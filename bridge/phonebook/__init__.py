"""Phonebooks: which entries a book holds, and the document of each phone format.

Data flows one way: a :mod:`view` selects from the snapshot, :mod:`search` narrows it, :mod:`fit` applies a
format's limits, :mod:`document` makes the neutral document, and :mod:`render` runs the format's stylesheet.
What a format needs is told by its row in ``templates/phonebook/formats.toml`` alone.
"""
