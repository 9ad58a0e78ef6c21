mkdir -p tree/dir tree/capable.d; cd tree; echo c > capable; setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 capable
setfattr -n user.name -v value capable; mknod null c 1 3; mkfifo pipe; ln -s ../../etc/passwd out; ln -s /etc/passwd absolute; echo a > dir/a
truncate -s 1M sparse; printf end >> sparse
tar c --format=posix --pax-option=delete=atime,delete=ctime --xattrs --xattrs-include='*' -S --mtime=@1000000000 --numeric-owner -f ../archive.tar *
mkdir -p ../over/link-to-dir ../over/dir; echo o > ../over/link-to-dir/o; echo o > ../over/file; ln -s nowhere ../over/opaque; echo o > ../over/hard1
tar c --mtime=@1000000000 --numeric-owner -C ../over -f ../over.tar dir file hard1
rm -r ../tree ../over
