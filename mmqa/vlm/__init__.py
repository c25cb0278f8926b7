"""Language models that write the answer, behind one Protocol."""
