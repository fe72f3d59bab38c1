# Each line is ok or warn, and names what it looked at.
myelin doctor --data-dir "$DATA" | sed -E 's/^(ok|warn) /STATE /; s/^(STATE +[a-z]+( sets)?) .*/\1/; s/ +/ /g; /hint:/d'
myelin doctor --json | grep -oE '"check":"[a-z ]+"'
