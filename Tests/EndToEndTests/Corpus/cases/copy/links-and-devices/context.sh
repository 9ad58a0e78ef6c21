mkdir -p tree/sub; echo 1 > tree/hard1; ln tree/hard1 tree/hard2; ln tree/hard1 tree/sub/hard3; echo 2 > hard1; ln hard1 hard2
mkfifo -m 600 tree/pipe; mknod -m 660 tree/null c 1 3; mknod tree/loop b 7 9; ln -s hard1 tree/soft; ln -P tree/soft tree/soft2
