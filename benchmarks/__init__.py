"""Scripts behind every claim about speed; see README.md."""
