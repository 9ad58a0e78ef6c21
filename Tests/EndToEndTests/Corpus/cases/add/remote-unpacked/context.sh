echo a > a; tar c --mtime=@1000000000 --numeric-owner --owner=5 --group=6 a | gzip -n > $WWW/members.tar.gz; touch -d @1100000000 $WWW/members.tar.gz
