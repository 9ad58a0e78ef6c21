printf 'Dockerfile\n' > .dockerignore
