mkdir -p d/sub; for n in a.txt b.txt c.md d/keep.txt d/x.txt d/y.md d/sub/z.txt; do echo $n > $n; done; rm -f Dockerfile.dockerignore
