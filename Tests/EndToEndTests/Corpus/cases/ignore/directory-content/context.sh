mkdir dir empty; for f in dir/a r.md s.md; do echo $f > $f; done; printf 'dir/*\ns.md\n' > .dockerignore
