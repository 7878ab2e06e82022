"""The ground floor: frozen types and errors. Import them from their own modules."""
