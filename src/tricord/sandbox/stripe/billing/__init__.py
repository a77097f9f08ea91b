"""What is owed: customers, invoices, lines, taxes, credit notes, and how they get settled."""
