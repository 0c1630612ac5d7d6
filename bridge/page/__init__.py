"""The page for people: who rings, what is open, what was missed; rendered here, without a build step or another host.

Thin: a module for each group of views, which asks a feature and fills a template. Everybody signs in first (``door``).
"""
