mkdir -p tree/sub; echo a > tree/a; echo s > tree/sub/s; chmod 4750 tree/sub/s; chown -R 12:34 tree; chmod 700 tree/sub; ln tree/a tree/hard; ln -s a tree/soft
touch -h -d @1100000000 tree/a tree/sub tree/soft
tar c -C tree --numeric-owner -f plain.tar .
gzip -k plain.tar; mv plain.tar.gz gzip.tar.gz; bzip2 -k plain.tar; mv plain.tar.bz2 bzip2.tbz; xz -k plain.tar; mv plain.tar.xz xz; zstd -q plain.tar -o zstd.zip
ln -s plain.tar link; echo other > other
