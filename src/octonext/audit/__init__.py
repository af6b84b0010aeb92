"""The audit trail: who changed what, and the seals by which a change of the trail itself is found."""
