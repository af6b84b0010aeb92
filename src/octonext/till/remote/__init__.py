"""The other side of the network: enrolment over HTTPS, and the sync connection."""

from .enrolment import enrol
from .link import Link

__all__ = ["Link", "enrol"]
