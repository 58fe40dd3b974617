"""What one running site is: settings, services, clock, tokens, languages."""
