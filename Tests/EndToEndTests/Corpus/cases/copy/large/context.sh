seq 100000 > many; truncate -s 20M sparse; printf end >> sparse; : > empty; touch -d @1100000000 many
