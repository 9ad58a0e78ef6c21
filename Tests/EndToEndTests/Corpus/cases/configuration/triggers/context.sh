echo x > file
mkdir tree; echo in > tree/f; tar c --mtime=@1000000000 -C tree -f archive.tar f
