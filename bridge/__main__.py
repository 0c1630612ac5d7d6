"""``python -m bridge`` is ``itflow-bridge``."""

from bridge.cli import main

main()
