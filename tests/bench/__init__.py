"""The measured figures of the README: ``python -m tests.bench [NAME …]``, as Markdown."""
