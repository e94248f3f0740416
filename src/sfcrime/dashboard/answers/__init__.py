"""What is answered with: records and errors, which are the API's schema."""
