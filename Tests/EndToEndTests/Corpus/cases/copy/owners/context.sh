mkdir -p d/sub; echo f > f; echo x > d/x; echo s > d/sub/s; chmod 4755 d/x; ln -s x d/link
