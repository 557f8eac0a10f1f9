"""What a terminal shows. Rule: results on stdout, everything else on stderr."""
