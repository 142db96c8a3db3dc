"""Shapes that figures share: a class each, whose instances are figures; a figure's file says what is its own."""
