echo '[a' > .dockerignore
