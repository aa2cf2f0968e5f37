"""How things are shown to people: findings with a verdict, and one page that opens anywhere."""
