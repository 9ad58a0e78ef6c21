mkdir -p tree/d; echo a > tree/d/a; chmod 640 tree/d/a; chown -R 12:34 tree; tar c --mtime=@1000000000 --numeric-owner -C tree -f archive.tar d; echo f > f
