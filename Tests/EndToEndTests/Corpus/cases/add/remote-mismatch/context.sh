echo served > $WWW/mismatch
