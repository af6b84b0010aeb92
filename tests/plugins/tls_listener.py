"""A listener's TLS context, for servers that stand in for the gateway's own (which is granian's)."""

import ssl

from octonext.crypto.tls import ServerFiles


def listening_context(files: ServerFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context
