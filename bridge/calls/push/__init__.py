"""What phone systems send by themselves: a module for each form, which reads a request as events and owns no rules."""
