mkdir -p dir/sub; for f in dir/a dir/sub/k dir/sub/l z; do echo $f > $f; done
printf '!dir/a\ndir\n!dir/sub/k\n' > .dockerignore
