mv Dockerfile Other.Dockerfile; for f in a b; do echo $f > $f; done
echo a > .dockerignore; echo b > Other.Dockerfile.dockerignore
