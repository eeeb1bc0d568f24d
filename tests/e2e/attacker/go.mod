module clonepool.dev/attacker

go 1.25
