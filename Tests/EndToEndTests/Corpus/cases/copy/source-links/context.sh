echo f > f; mkdir -p real tree/sub; echo in > real/in; echo root > root
ln -s f to-file; ln -s real to-dir; ln -s /root absolute; ln -s ../../real up; ln -s to-file chain
ln -s ../../../etc/passwd tree/out; ln -s nothing tree/dangling; ln -s sub tree/inner; ln -s /etc/passwd tree/sub/absolute
touch -h -d @1100000000 tree/out tree/sub/absolute
