"""One running site: settings, services, clock, tokens, languages."""
