"""The FastAGI door: Asterisk asks for a caller's name or runs the balance menu over one TCP connection a call."""
