echo f > f; echo g > g; echo b > 'with blank'; echo t > 'tab	'
touch -d @1100000000 f g
