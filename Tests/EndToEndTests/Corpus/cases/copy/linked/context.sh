mkdir -p d/sub; echo f > f; echo x > d/x
