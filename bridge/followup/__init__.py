"""What a call leaves in ITFlow: a note on the caller's open ticket, a ticket for a missed call, or nothing.

``rules`` decides, ``texts`` words it, ``following`` takes each call that is over from the book to the outbox, once.
"""
