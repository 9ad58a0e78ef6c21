echo served > $WWW/file; touch -d @1100000000 $WWW/file
echo a > a; tar c --mtime=@1000000000 --numeric-owner -f $WWW/archive.tar a; touch -d @1100000000 $WWW/archive.tar
sum=$(sha256sum < $WWW/file | cut -d' ' -f1); sed -i "s/sha256:[0-9a-f]*/sha256:$sum/" Dockerfile
