"""One file per conversion: what lies in a package → the form that mmqa loads."""
