mkdir -p a/b/c; echo f > a/b/c/f; chmod 700 a/b; tar c --mtime=@1000000000 --owner=0 --group=0 --numeric-owner -f archive.tar a/b/c/f; rm -r a
