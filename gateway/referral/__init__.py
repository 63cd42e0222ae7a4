"""What is agreed about a referral: that a place is held for it. Each agreement is operations for the door in."""
