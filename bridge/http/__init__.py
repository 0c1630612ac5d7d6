"""The HTTP door: a module for each surface, thin: parse, ask a feature, answer."""
