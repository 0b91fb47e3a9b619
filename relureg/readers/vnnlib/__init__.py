"""VNN-LIB properties, as domains."""
