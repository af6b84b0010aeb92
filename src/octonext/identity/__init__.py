"""Who is who: cashiers with PINs, administrators with passwords, programs with tokens."""
