"""Speaking HTTP: reading parameters, credentials and bodies, sending content. It knows no endpoint."""
