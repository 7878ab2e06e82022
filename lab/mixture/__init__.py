"""Does steering by the curves pay: tiny trainings on five domains, drawn alike, by ADO, by ODM."""
