printf text | gzip -n > text.gz; : > empty.tar; echo wrong > wrong.tar; mkdir tree; echo x > tree/x
tar c --mtime=@1000000000 --owner=0 --group=0 --numeric-owner -C tree -f in.tar x
xz --format=lzma -k in.tar -c > file.tar.lzma; printf abc | gzip -n | head -c 5 > cut.gz; cp in.tar tree/
