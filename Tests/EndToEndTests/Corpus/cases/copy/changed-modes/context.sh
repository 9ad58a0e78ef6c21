mkdir -p d/sub; echo f > f; echo x > d/x; echo s > d/sub/s; chmod 755 d/x; chmod 700 d/sub; ln -s x d/link; chmod 664 f
