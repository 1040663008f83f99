"""Communities, persons and members, the place tree and the party line, grants, sign-in, consent, households."""
