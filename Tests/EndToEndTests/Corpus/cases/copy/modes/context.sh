mkdir modes; cd modes
for mode in 0000 0400 0644 0755 0777 4755 2755 1644 6711; do echo $mode > f$mode; chmod $mode f$mode; mkdir d$mode; chmod $mode d$mode; done
echo u > setuid; chmod 4711 setuid; echo g > setgid; chmod 2711 setgid
chown 1000:1000 f0644; chmod 0644 f0644
