"""Adding assets to ITFlow: checked, journalled, delivered, never lost and never doubled."""
