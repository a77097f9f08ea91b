"""What a HubSpot account knows: schema, records, associations, pipelines; no HTTP in here."""
