echo a > a; echo f > f; tar c --mtime=@1000000000 --numeric-owner --owner=0 --group=0 a | gzip -n > archive.tar.gz; rm a
