mkdir -p a/b/c d/b deep/er; for f in f.go a/f.go a/b/f.go a/b/c/f.go a/b/keep.go d/b/x deep/x deep/er/x deep/er/y; do echo "$f" > "$f"; done
printf '**/*.go\n!**/keep.go\n**/b/x\ndeep/**\n!deep/er/y\n' > .dockerignore
