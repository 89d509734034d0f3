"""Advice on labels of which an unknown part is wrong; docs/advice.md says what each number is."""
