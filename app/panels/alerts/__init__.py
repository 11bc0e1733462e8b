"""What the page Alerts draws."""
