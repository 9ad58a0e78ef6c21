mkdir -p tree/etc tree/new; echo n > tree/etc/new; chmod 700 tree; echo f > f; echo g > tree/new/g
