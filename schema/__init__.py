"""The shared language of the house: value types, the tables, and the words both stand for.

Imports nothing of ours. Everything two services say to each other is a type or a table here.
"""
