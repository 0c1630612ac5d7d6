"""The phonebook as CardDAV, read-only, so that mobiles and softphones show names too (RFC 6352, over RFC 4918).

``cards`` cuts the book of vCards apart, ``cardfilter`` searches it, ``dav`` reads and writes WebDAV's XML, ``door``
answers.
"""
