"""The phone side of ITFlow."""


def version() -> str:
    """The release that is installed, such as ``1.0.0``."""
    from importlib.metadata import version as installed

    return installed("itflow-bridge")
