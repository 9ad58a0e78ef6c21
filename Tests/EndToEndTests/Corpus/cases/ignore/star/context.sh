mkdir -p dir/sub other; for f in a.txt b.txt dir/a dir/sub/k dir/sub/l other/o; do echo $f > $f; done
printf '*\n!a.txt\n!dir/sub\n' > .dockerignore
