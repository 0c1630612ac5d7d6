"""The phone side of ITFlow."""

from importlib.metadata import version

__version__ = version("itflow-bridge")
