"""Every write to ITFlow: checked, journalled, delivered, never lost, and never left there twice."""
