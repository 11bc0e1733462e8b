"""Who may look at the dashboard, and who may change things there: users of an OpenID Connect provider."""
