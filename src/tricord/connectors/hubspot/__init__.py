"""HubSpot: contacts, companies, deals and the timeline of a CRM."""
