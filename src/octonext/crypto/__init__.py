"""Keys, signatures, envelopes, hash chains and TLS contexts: the only package that touches primitives."""
